/** A browser without pages: keeps cookies per name, follows redirects one at a time, posts forms from its own origin. */
export type HandBrowser = {
  cookies: Map<string, string>;
  get(url: string): Promise<Response>;
  post(url: string, fields: Record<string, string>): Promise<Response>;
};

export const handBrowser = (): HandBrowser => {
  const cookies = new Map<string, string>();
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    cookies,
    get: (url) => send(url, {}),
    post: (url, fields) =>
      send(url, {
        method: 'POST',
        headers: { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams(fields),
      }),
  };
};

export const locationOf = (response: Response): string => {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`${response.url} answered ${response.status}, and names no other address`);
  return new URL(location, response.url).href;
};

/** Hidden fields of the form on a page. */
export const fieldsOf = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"'),
    ]),
  );

/** Goes to the provider and picks a person there. @returns the address the provider sends the browser back to */
export const chooseAt = async (browser: HandBrowser, authorizeUrl: string, person: string): Promise<string> => {
  const form = await browser.get(authorizeUrl);
  return locationOf(await browser.post(new URL('/authorize', authorizeUrl).href, { ...fieldsOf(await form.text()), person }));
};

/** Signs in from a page to that page. @returns the last answer */
export const signIn = async (browser: HandBrowser, web: string, person: string, page = '/ui/jobs'): Promise<Response> => {
  const leave = await browser.get(`${web}/auth/login?${new URLSearchParams({ return_to: page })}`);
  const callback = await chooseAt(browser, locationOf(leave), person);
  return browser.get(callback);
};
