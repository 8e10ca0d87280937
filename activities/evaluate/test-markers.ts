/** How the test files of a language look: what makes a case, what checks something, what skips. Expressions are counted, so each is global. */
export interface TestLanguage {
  readonly extensions: readonly string[];
  /** To the end of the line; what it says is not counted. */
  readonly lineComment: RegExp;
  readonly cases: RegExp;
  readonly asserts: RegExp;
  /** Checks that can never fail: they do not count as checks. */
  readonly trivial: RegExp;
  readonly skips: RegExp;
}

/** Paths of test files, and of what tests need. */
export const testPathGlobs: readonly string[] = [
  '**/*.{test,spec,cy,e2e}.{js,jsx,mjs,cjs,ts,tsx,mts,cts,vue}',
  '**/{__tests__,__snapshots__}/**',
  '{test,tests,spec,specs,e2e}/**',
  '**/{test,tests,spec,specs,e2e}/**',
  '**/{test_*,*_test,conftest}.py',
  '**/*_test.go',
  '**/*_{test,spec}.{rb,rs,exs,dart,cc,cpp,c}',
  '**/*{Test,Tests,Spec,IT}.{java,kt,kts,cs,scala,groovy,swift,php}',
];

const slashes = /(?<!:)\/\/.*$/gm;
const hash = /#(?!\[).*$/gm;

export const testLanguages: readonly TestLanguage[] = [
  {
    extensions: ['js', 'jsx', 'mjs', 'cjs', 'ts', 'tsx', 'mts', 'cts', 'vue'],
    lineComment: slashes,
    cases: /\b(?:it|test|specify)(?:\.(?:each|concurrent|for|prop))*\s*[(`]/g,
    asserts:
      /\b(?:expect|assert(?:\.\w+)*|t\.(?:is|deepEqual|true|false|throws|like|assert\w*)|should(?:\.\w+)*)\s*\(|\.should\b/g,
    trivial:
      /\bexpect\((true|false|1|null)\)\.to(?:Be|Equal|StrictEqual)\(\1\)|\bassert(?:\.ok)?\(\s*(?:true|1)\s*[,)]/g,
    skips:
      /\b(?:it|test|describe|suite|context|specify)\.(?:skip|only|todo|fixme|failing|fails|skipIf|runIf)\b|\b(?:xit|xtest|xdescribe|xcontext|fit|fdescribe)\s*\(|\bthis\.skip\(|\b(?:skip|todo|only)['"]?\s*:\s*(?!false\b|undefined\b|null\b|0\b)[^\s,}]+|\bt\.(?:skip|todo)\(/g,
  },
  {
    extensions: ['py'],
    lineComment: hash,
    cases: /^\s*(?:async\s+)?def\s+test\w*\s*\(/gm,
    asserts: /^\s*assert\b|\bself\.(?:assert\w+|fail)\s*\(|\bpytest\.(?:raises|warns|fail)\s*\(/gm,
    trivial: /^\s*assert\s+(?:True|1)\b|\bself\.assertTrue\(\s*True\s*\)/gm,
    skips:
      /@(?:pytest\.mark\.(?:skip|skipif|xfail)|unittest\.(?:skip\w*|expectedFailure)|skip\w*|expectedFailure)\b|\bpytest\.(?:skip|xfail|importorskip)\s*\(|\bself\.skipTest\s*\(|\bcollect_ignore\b|\b__test__\s*=\s*False/g,
  },
  {
    extensions: ['go'],
    lineComment: slashes,
    cases: /^func\s+(?:Test|Example|Fuzz|Benchmark)\w*\s*\(|\bt\.Run\s*\(/gm,
    asserts: /\bt\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:assert|require|is)\.\w+\s*\(/g,
    trivial: /\b(?:assert|require)\.True\(\s*t\s*,\s*true\s*[,)]/g,
    skips: /\b[tbf]\.(?:Skip|Skipf|SkipNow)\s*\(/g,
  },
  {
    extensions: ['rs'],
    lineComment: slashes,
    cases: /#\[(?:\w+::)*(?:test|test_case|rstest|proptest)\b/g,
    asserts: /\b(?:assert\w*|prop_assert\w*|panic)!\s*[([{]/g,
    trivial: /\bassert!\(\s*true\s*[,)]/g,
    skips: /#\[ignore\b|#\[cfg_attr\([^\]]*\bignore\b/g,
  },
  {
    extensions: ['java', 'kt', 'kts', 'scala', 'groovy', 'cs', 'swift'],
    lineComment: slashes,
    cases:
      /@(?:Test|ParameterizedTest|RepeatedTest)\b|\[(?:Fact|Theory|Test|TestMethod|TestCase)\b|\bfunc\s+test\w*\s*\(/g,
    asserts: /\b(?:assert\w*|Assert\.\w+|XCTAssert\w*|verify|expect|should\w*)\s*\(/g,
    trivial: /\bassertTrue\(\s*true\s*\)|\bAssert\.(?:True|IsTrue)\(\s*true\s*\)/g,
    skips: /@(?:Ignore|Disabled\w*|EnabledIf\w*)\b|\[Ignore\b|\bSkip\s*=\s*"|\bXCTSkip\w*|\bassumeTrue\s*\(/g,
  },
  {
    extensions: ['rb'],
    lineComment: hash,
    cases: /^\s*(?:it|specify|example|test|scenario)\b|^\s*def\s+test_\w+/gm,
    asserts: /\bexpect\b|\bassert\w*\b|\bmust_\w+|\bshould\b/g,
    trivial: /\bexpect\(true\)\.to\s+(?:be|eq)\b/g,
    skips: /^\s*(?:xit|xdescribe|xcontext|fit|fdescribe|pending|skip)\b|,\s*(?:skip|pending):/gm,
  },
];
