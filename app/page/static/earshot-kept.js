/**
 * Where a conversation is kept so that it outlives a reload of its page: the session storage, which belongs to one tab
 * and goes with it.
 */

const key = (name) => `earshot-kept-${name}`;

/** Keep what is needed to go on, under a name; a browser that keeps nothing for us goes on without. */
export function keep(name, conversation) {
  try {
    sessionStorage.setItem(key(name), JSON.stringify(conversation));
  } catch {
    // The conversation ends with the page then.
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

/** Keep nothing under a name any more. */
export function forget(name) {
  try {
    sessionStorage.removeItem(key(name));
  } catch {
    // There is nothing.
  }
}
