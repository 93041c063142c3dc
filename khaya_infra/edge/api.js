// Runs at the edge before every request for the API, whose own paths know nothing of the /api in front of them.

function handler(event) {
    var request = event.request;
    // The root keeps its prefix, which the API takes off itself: a bare / would become the site's default document.
    request.uri = request.uri.replace(/^\/api(?=\/.)/, '');
    return request;
}
