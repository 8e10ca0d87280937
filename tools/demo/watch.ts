import { followTask } from '../../cli/follow/follow-task.ts';
import type { FollowPlatform } from '../../cli/platform.ts';
import { line, tone } from '../../cli/terminal/line.ts';
import { createScreen } from '../../cli/terminal/screen.ts';
import type { TaskClient } from '../../client/task-client.ts';
import type { TaskId } from '../../contracts/ids.ts';

/** `longhaul watch` in this process: what the demo says itself goes into the same screen, which another process would draw over. */
export interface Watch {
  /** Gives the exit code of `watch`. */
  follow(client: TaskClient, taskId: TaskId): Promise<number>;
  say(text: string): Promise<void>;
}

export function createWatch(platform: FollowPlatform): Watch {
  const { terminal } = platform;
  const screen = createScreen(terminal);
  return {
    follow: (client, taskId) =>
      followTask(platform, client, screen, taskId, { json: false, liveEvents: true, asked: [] }),
    say: (text) =>
      terminal.facts().live
        ? screen.print([line(tone('accent', `── ${text}`))])
        : terminal.writeError(`── ${text}\n`),
  };
}
