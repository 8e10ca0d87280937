/**
 * Variables by which a program is told to load, run, read or reach something: setting one is never harmless. A name in lower
 * case or with a prefix of a tool's own is such a name as well, since tools read whole families (`npm_config_*`, `GIT_*`).
 */
const telling: readonly RegExp[] = [
  /^(?:LD_|DYLD_|TS_|SSL_|SSH_|AWS_|UV_|XDG_|TAR_|CC_|GIT|BASH|ZSH|PYTHON|PERL|RUBY|GEM|BUNDLE|NODE|NPM|YARN|PNPM|BUN|DENO|GO|CGO|CARGO|RUST|JAVA|JDK|_JAVA|MAVEN|GRADLE|DOCKER|KUBE|GOOGLE|AZURE|GPG|LESS|MAN|GREP|RIPGREP|FZF|VIM|EMACS|CURL|WGET|OPENSSL|PIP|POETRY|CONDA|VIRTUAL|PYTEST|COMP_|HIST|READLINE|GCONV|MALLOC|GLIBC|LOCPATH|NLSPATH|TERM|CMAKE|MAKE|CCACHE|ELECTRON|VITE|VITEST|JEST|ESLINT|BABEL|WEBPACK|PLAYWRIGHT|PUPPETEER|CHROME)/,
  /(?:PATH|PAGER|EDITOR|BROWSER|SHELL|OPTS|OPTIONS|FLAGS|CONFIG|RC|PRELOAD|LOADER|PLUGIN|PLUGINS|HOOK|HOOKS|COMMAND|CMD|WRAPPER|LAUNCHER|EXEC|PROXY|HOST|URL|HOME|DIR|FILE|ROOT|PREFIX|TOKEN|SECRET|KEY|PASSWORD|ASKPASS|LIBS?|INIT|STARTUP|DISPLAY)$/,
  /^(?:ENV|IFS|PS[0-4]|VISUAL|CDPATH|GLOBIGNORE|EXECIGNORE|FIGNORE|FCEDIT|FUNCNEST|INPUTRC|LESSOPEN|LESSCLOSE|MAIL|MAILPATH|OPTARG|OPTIND|POSIXLY_CORRECT|PROMPT|SHELLOPTS|BASHOPTS|SHLVL|TMOUT|TMP|TEMP|CC|CXX|LD|AR|AS|CPP|FC|NM|RANLIB|STRIP|PWD|OLDPWD|UID|EUID|USER|LOGNAME|COLUMNS|LINES)$/,
  /[a-z]/,
];

/** Names of those families that only choose a mode or a colour. */
const modes: ReadonlySet<string> = new Set([
  'NODE_ENV',
  'RUST_BACKTRACE',
  'RUST_LOG',
  'GOOS',
  'GOARCH',
  'CGO_ENABLED',
  'PYTHONUNBUFFERED',
  'PYTHONDONTWRITEBYTECODE',
  'TERM',
]);

/** Whether setting a variable to a value tells no program to do anything: a plain name and one plain word. */
export function harmlessAssignment(name: string, value: string): boolean {
  if (!/^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$/.test(value)) return false;
  if (!/^[A-Z][A-Z0-9_]{0,63}$/.test(name)) return false;
  return modes.has(name) || !telling.some((pattern) => pattern.test(name));
}
