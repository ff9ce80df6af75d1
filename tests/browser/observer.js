// Put into a page before its own scripts: keeps what is to be seen for a moment only, for a test that looks later.

const seen = { floors: [], userLevels: [], partials: [], played: { turn: null, ms: 0 } };
window.seen = seen;

// How much of which turn has been played, as the page tells the server.
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (message) {
  const told = typeof message === "string" ? JSON.parse(message) : {};
  if (told.type === "playout_mark") seen.played = { turn: told.turn, ms: told.audio_ms };
  return send.call(this, message);
};

document.addEventListener("DOMContentLoaded", () => {
  const observe = (id, see) => {
    const element = document.getElementById(id);
    const changes = { childList: true, subtree: true, characterData: true };
    new MutationObserver(() => see(element)).observe(element, changes);
  };
  observe("floor", (floor) => seen.floors.push(floor.textContent));
  const meter = document.getElementById("input-meter");
  const levelled = new MutationObserver(() => seen.userLevels.push(Number(meter.getAttribute("aria-valuenow"))));
  levelled.observe(meter, { attributeFilter: ["aria-valuenow"] });
  observe("log", (log) => {
    const partial = log.querySelector(".partial");
    if (!partial) return;
    seen.partials.push({
      text: partial.querySelector(".words").textContent,
      place: [...log.children].indexOf(partial),
      silent: partial.getAttribute("aria-hidden") === "true",
    });
  });
});
