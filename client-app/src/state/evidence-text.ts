import { evidencePlace, openEvidenceFile } from "../../../node/core/evidence/evidence-file.ts";
import type { NodeApi } from "../node-api/node-api.ts";
import type { Period } from "../node-api/shapes.ts";

/**
 * The month's evidence: the published file where it holds all that there is, since any cache on the way
 * may have it; else what the node puts together, which is the same. Both are checked alike.
 */
export async function evidenceText(
  api: NodeApi,
  { epoch, published }: Period,
  secret: Uint8Array,
): Promise<string> {
  if (published === undefined) return api.evidence(epoch);
  try {
    const file = await api.published(evidencePlace(secret, epoch, published));
    return await openEvidenceFile(file, secret);
  } catch {
    return api.evidence(epoch);
  }
}
