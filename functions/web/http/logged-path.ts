/** A request's path as logs may hold it: what opens an approval stays out. */
export const loggedPath = (request: Request): string => new URL(request.url).pathname.replace(/^\/a\/.*$/s, '/a/(capability)');
