/** A session file as a timeline: what turn-taking was told and decided, in the events that the server's timelines have. */

const FORMAT = "earshot session";
const VERSION = 2;
/** The largest session file in bytes; a larger one was not written by this product. */
const MOST_BYTES = 128 * 2 ** 20;

/** Make the timeline event of a decision, without its time. */
const DECIDED = {
  FloorChanged: ({ floor, turn }) => ({ kind: "floor", name: floor, turn }),
  PausePlayback: () => ({ kind: "paused" }),
  ResumePlayback: () => ({ kind: "resumed" }),
  StopPlayback: ({ turn, reason }) => (reason === "barge_in" ? { kind: "cut", turn } : null),
  TurnMeasured: ({ turn, interrupted, ...times }) => ({
    kind: "measured", turn, interrupted,
    times_ms: Object.fromEntries(Object.entries(times).filter(([name, ms]) => name.endsWith("_ms") && ms !== null)),
  }),
};

/** Make the timeline event of a message that turn-taking was told, in the same way. */
const TOLD = {
  FinalTranscript: ({ text, turn }) => ({ kind: "said", text, turn }),
  TextEntered: ({ text }) => ({ kind: "said", text }),
  PlaybackFinished: () => ({ kind: "heard" }),
  PlaybackStopped: ({ cut }) => (cut.length ? { kind: "heard", interrupted: true } : null),
  ToolsStarted: ({ turn }) => ({ kind: "tool", turn }),
  ToolsFinished: ({ turn }) => ({ kind: "tool_over", turn }),
  ReplyFailed: ({ turn }) => ({ kind: "error", turn }),
};

/** @returns {object[]} the lines; throws an Error that says what is wrong with them */
function parsed(text) {
  const lines = text.split("\n").filter(Boolean).map((line, index) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`line ${index + 1} is no JSON`);
    }
  });
  const first = lines[0];
  if (first?.type !== "session" || first.format !== FORMAT) throw new Error("it is no session file");
  if (first.version !== VERSION) throw new Error(`it has version ${first.version} of the format, and this console reads ${VERSION}`);
  return lines;
}

/**
 * Read a session file.
 * @param {File} file
 * @returns {Promise<{session: object, over: object, events: object[], audioAt: ?number}>} `events` in the order of time;
 *   their times, and when the audio beside the file begins, in seconds since 1970
 */
export async function readSessionFile(file) {
  if (file.size > MOST_BYTES) throw new Error("it is too large to be a session file");
  const [session, ...lines] = parsed(await file.text());
  const steps = lines.filter(({ type }) => type !== "over");
  const over = lines.find(({ type }) => type === "over") ?? { ending: "", restarts: [], cut: true };
  const began = Date.parse(session.began) / 1000;
  const zero = steps[0]?.at ?? 0;
  const wall = (at) => began + at - zero;
  const events = [];
  const add = (at, event) => {
    if (event) events.push({ at: wall(at), ...event });
  };
  for (const step of steps) {
    if (step.type === "resumed") add(step.at, { kind: "restart", name: step.agent ? `agent ${step.agent.name}` : "the orchestrator" });
    if (step.event) add(step.at, TOLD[step.event.type]?.(step.event));
    for (const decision of step.decisions ?? []) add(step.at, DECIDED[decision.type]?.(decision));
    if (step.error) add(step.at, { kind: "restart", name: "turn-taking", text: `it failed: ${step.error}` });
  }
  for (const { at, actor, error } of over.restarts) events.push({ at, kind: "restart", name: actor, text: error });
  if (over.ending && steps.length) add(steps[steps.length - 1].at, { kind: "ended", name: over.ending });
  events.sort((one, other) => one.at - other.at);
  return { session, over, events, audioAt: over.audio ? wall(over.audio.at) : null };
}
