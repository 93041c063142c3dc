// Runs at the edge before every request for the API, whose own paths know nothing of the /api in front of them.

function handler(event) {
    var request = event.request;
    var rest = request.uri.replace(/^\/api(?=\/|$)/, '');
    request.uri = rest === '' ? '/' : rest;
    return request;
}
