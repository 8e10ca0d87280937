import { LonghaulError } from './error.ts';

/**
 * Throws `usage.invalid` for a repository's URL with a password or token in it (RFC 3986, 3.2.1): it would stand in the task's history, in
 * lists and in the web page of the Temporal server for good. A user name alone is taken where it is no secret: not by http.
 */
export function refuseCredentials(repository: string): void {
  if (!URL.canParse(repository)) return;
  const { password, protocol, username } = new URL(repository);
  const token = /^https?:$/.test(protocol) && username !== '';
  if (password === '' && !token) return;
  throw new LonghaulError(
    'usage.invalid',
    "the repository's URL holds a user name or password, which would stand in the history of the task. Leave it out and give git a credential helper.",
  );
}
