import type { TaskEvent } from '../../contracts/task-event.ts';
import type { FollowPlatform } from '../platform.ts';
import { jsonLine } from '../terminal/json-line.ts';
import type { Line } from '../terminal/line.ts';
import { renderLines } from '../terminal/render.ts';
import type { Screen } from '../terminal/screen.ts';
import { asTypedEvent } from '../view/as-typed.ts';
import { liveLines } from '../view/live-lines.ts';
import { storyLines } from '../view/story.ts';
import { applyEvent, emptyView, type TaskView } from '../view/task-view.ts';

/** Tells a task's events as they come, and keeps what they add up to. */
export interface Teller {
  view(): TaskView;
  tell(event: TaskEvent): Promise<void>;
  /** Lines that are no event: in JSON they go to standard error. */
  say(lines: readonly Line[]): Promise<void>;
  /** Keeps the story back while something else has the screen. */
  hold(): Promise<void>;
  /** Prints what was kept back, and goes on. */
  release(): Promise<void>;
  stop(): void;
}

/** For programs: each event as it is, one a line. */
export function createJsonTeller(platform: FollowPlatform): Teller {
  let view: TaskView = emptyView;
  return {
    view: () => view,
    async tell(event) {
      view = applyEvent(view, event);
      await platform.terminal.write(jsonLine(event));
    },
    async say(lines) {
      const rows = renderLines(lines, { columns: Number.POSITIVE_INFINITY, color: false });
      await platform.terminal.writeError(rows.map((row) => `${row}\n`).join(''));
    },
    hold: async () => {},
    release: async () => {},
    stop: () => {},
  };
}

/** For people: the story, and below it what runs now, drawn anew each second. */
export function createStoryTeller(platform: FollowPlatform, screen: Screen, asked: readonly Line[]): Teller {
  const { clock, terminal } = platform;
  let view: TaskView = emptyView;
  let held: Line[] | null = null;
  const draw = async () => {
    if (held === null) await screen.live(liveLines(view, clock.nowMs()));
  };
  const stopClock = clock.every(1000, () => void draw());
  const stopResize = terminal.onResize(() => void draw());
  return {
    view: () => view,
    async tell(told) {
      const event = asTypedEvent(told, platform.program);
      const own = storyLines(view, event, platform);
      const lines = event.type === 'task.started' ? [...own, ...asked] : own;
      view = applyEvent(view, event);
      if (held !== null) {
        held.push(...lines);
        return;
      }
      await screen.print(lines);
      await draw();
    },
    say: (lines) => screen.print(lines),
    async hold() {
      held ??= [];
      await screen.live([]);
    },
    async release() {
      const lines = held ?? [];
      held = null;
      await screen.print(lines);
      await draw();
    },
    stop() {
      stopClock();
      stopResize();
    },
  };
}
