/** A middleware for libraries that bring none: lets a request through when `verify` does. */
export function expressGuard(verify) {
  return async function guard(request, _response, next) {
    const { method, originalUrl: target, rawHeaders } = request;
    const headers = [];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      headers.push([rawHeaders[at], rawHeaders[at + 1]]);
    }
    try {
      await verify({ method, target, headers });
    } catch (error) {
      next(Object.assign(error, { status: 401 }));
      return;
    }
    next();
  };
}
