// Runs at the edge before every request for the site. `APEX` is put in front of this file when the stack is made.

// Below these folders a missing file must stay missing: HTML in place of a script breaks the page in a way no one can read.
var FILES_ONLY = /^\/(assets|icons|\.well-known)(\/|$)/;

function handler(event) {
    var request = event.request;
    var host = request.headers.host ? request.headers.host.value.toLowerCase() : APEX;
    if (host !== APEX && host.slice(-(APEX.length + 1)) === '.' + APEX) {
        return redirect('https://' + APEX + request.uri + queryOf(request));
    }
    if (isPage(request.uri)) {
        request.uri = '/index.html';
    }
    return request;
}

function isPage(uri) {
    if (uri === '/api' || uri.indexOf('/api/') === 0 || FILES_ONLY.test(uri)) {
        return false;
    }
    return uri.slice(uri.lastIndexOf('/') + 1).indexOf('.') === -1;
}

function redirect(location) {
    return {
        statusCode: 301,
        statusDescription: 'Moved Permanently',
        headers: {
            location: { value: location },
            'cache-control': { value: 'public,max-age=3600' },
        },
    };
}

function queryOf(request) {
    var pairs = [];
    var query = request.querystring || {};
    Object.keys(query).forEach(function (name) {
        var values = query[name].multiValue || [query[name]];
        values.forEach(function (each) {
            pairs.push(each.value === '' ? name : name + '=' + each.value);
        });
    });
    return pairs.length ? '?' + pairs.join('&') : '';
}
