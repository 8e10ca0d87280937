export interface Tool {
  /** A runtime, package manager, framework or tool, by the name that its own ecosystem uses. */
  readonly name: string;
  /** A locked version where there is a lock file, else the range that is asked for; null when nothing is said. */
  readonly version: string | null;
  /** The file that says so. */
  readonly from: string;
}
