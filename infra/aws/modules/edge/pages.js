// Which page stands at which address: the same table as in infra/compose/nginx.conf.
var missing = "MISSING_PAGE";

var pages = [
  [/^\/$/, 'home'],
  [/^\/sale\/[^/]+$/, 'sale'],
  [/^\/checkout\/[^/]+$/, 'checkout'],
  [/^\/orders$/, 'orders'],
  [/^\/orders\/[^/]+$/, 'order'],
  [/^\/account$/, 'account'],
  [/^\/console$/, 'console'],
  [/^\/docs$/, 'docs'],
];
var files = /^\/static\/(pages\/[^/]+\.html|js\/.+\.js|css\/[^/]+\.css|img\/[^/]+)$/;

function handler(event) {
  var request = event.request;
  for (var i = 0; i < pages.length; i++) {
    if (pages[i][0].test(request.uri)) {
      request.uri = '/static/pages/' + pages[i][1] + '.html';
      return request;
    }
  }
  if (files.test(request.uri)) return request;
  return {
    statusCode: 404,
    statusDescription: 'Not Found',
    headers: { 'content-type': { value: 'text/html; charset=utf-8' }, 'cache-control': { value: 'public, max-age=0, must-revalidate' } },
    body: missing,
  };
}
