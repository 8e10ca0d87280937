/** What keeps a cluster from being made, in words for the person who asked for it; shown without a stack. */
export class ClusterProblem extends Error {
  override readonly name = 'ClusterProblem';
}
