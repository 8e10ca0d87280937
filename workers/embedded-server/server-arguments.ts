import { searchAttribute } from '../../contracts/words/messages.ts';

/** Without these an activity in sequence takes 100 ms instead of 8: the queues are polled ten times a second. */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  'history.visibilityProcessorMaxPollRPS=2000',
  'system.enableActivityEagerExecution=true',
  // What is handed to a frozen worker is lost until its time-out, and its connection stays open: after 3 s without a sign of life it is closed.
  'frontend.keepAliveTime="1s"',
  'frontend.keepAliveTimeout="2s"',
  // A look-up of the newest release on the internet at each start.
  'frontend.enableServerVersionCheck=false',
];

/** With FULL a power cut loses nothing that was acknowledged; it costs nothing measurable. */
const sqlitePragmas = ['journal_mode=WAL', 'synchronous=FULL'];

export interface ServerArguments {
  readonly port: number;
  readonly uiPort: number;
  readonly database: string;
  /** More dynamic configuration, as `key=JSON value`. */
  readonly dynamicConfig?: readonly string[];
}

/** The arguments of `temporal` for the embedded server. Everything listens on 127.0.0.1 only. */
export function serverArguments(options: ServerArguments): string[] {
  const each = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--ui-ip', '127.0.0.1'],
    ...['--port', String(options.port), '--ui-port', String(options.uiPort), '--ui-disable-news-fetch'],
    ...['--log-level', 'error', '--db-filename', options.database],
    ...each('--sqlite-pragma', sqlitePragmas),
    ...each('--dynamic-config-value', [...dynamicConfig, ...(options.dynamicConfig ?? [])]),
    ...each(
      '--search-attribute',
      Object.values(searchAttribute).map((name) => `${name}=Keyword`),
    ),
  ];
}

/** The server's environment: nothing of the person's secrets or Temporal settings reaches it. */
export function serverEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'SYSTEMROOT', 'TEMP'];
  const own = kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  // 100 MB of memory for 2 ms less on each activity.
  return { ...Object.fromEntries(own), GOGC: '400' };
}
