/**
 * Keeps a conversation over a reload of its page, in the session storage of the browser, which belongs to one tab and
 * is removed with it.
 */

const key = (name) => `earshot-kept-${name}`;

/** Store what is needed to continue, under a name; does nothing if the browser allows no storage. */
export function keep(name, conversation) {
  try {
    sessionStorage.setItem(key(name), JSON.stringify(conversation));
  } catch {
    // No storage: the conversation ends with the page.
  }
}

/** @returns {object|null} what was kept under a name */
export function kept(name) {
  try {
    return JSON.parse(sessionStorage.getItem(key(name)));
  } catch {
    return null;
  }
}

/** Remove what was stored under a name. */
export function forget(name) {
  try {
    sessionStorage.removeItem(key(name));
  } catch {
    // No storage: nothing was stored.
  }
}
