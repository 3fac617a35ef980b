const HOME = '/ui/jobs';
const MAX = 2000;
/** Pages a person may come back to. */
const PAGES = /^\/(ui|a)\//;

/** Where to go after signing in: a page of ours, whatever was asked for. */
export const returnTo = (asked: string | null | undefined): string => {
  if (!asked || asked.length > MAX || !/^\/[^/\\]/.test(asked)) return HOME;
  const base = 'http://holdpoint.invalid';
  if (!URL.canParse(asked, base)) return HOME;
  const { origin, pathname, search, hash } = new URL(asked, base);
  return origin === base && PAGES.test(pathname) && !pathname.includes('//') ? `${pathname}${search}${hash}` : HOME;
};

/** The page a request belongs to: itself, or for a form the page it stands on. */
export const pageOfRequest = (request: Request): string => {
  const { pathname, search } = new URL(request.url);
  if (request.method === 'GET' || request.method === 'HEAD') return returnTo(pathname + search);
  return returnTo(pathname.startsWith('/ui/') ? pathname.replace(/\/[^/]*$/, '') : pathname);
};

/** The address of the sign-in route that comes back to `page`. */
export const loginUrl = (page: string, fresh = false): string =>
  `/auth/login?${new URLSearchParams({ return_to: page, ...(fresh ? { fresh: '1' } : {}) }).toString()}`;
