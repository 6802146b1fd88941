/** Something that could not be carried over as it is. */
export interface ImportNote {
  /** Which policy, as `namespace/name`; a kind for resources of another kind. */
  readonly policy: string;
  /** The part of it, such as `rules[0].from[0].source.ipBlocks`. */
  readonly where: string;
  /** What came of it. */
  readonly effect:
    | "left out" // nothing of it is in the policy, and nothing is allowed by it
    | "narrower" // allows less than in the mesh
    | "denies more" // denies more than in the mesh
    | "not decided here"; // it has no part in decisions
  readonly why: string;
}
