import type { RefusalRule } from "./refusal-rule.js";

const proofRequired = (message: string) =>
  ({ status: 401, publicCode: "proof_required", message }) as const;
const proof = (message: string) => ({ status: 401, publicCode: "proof_invalid", message }) as const;
const signature = (message: string) =>
  ({ status: 400, publicCode: "proof_invalid", message }) as const;
const session = (message: string) =>
  ({ status: 401, publicCode: "session_unknown", message }) as const;
const credential = (message: string) =>
  ({ status: 401, publicCode: "credential_invalid", message }) as const;
const request = (message: string) =>
  ({ status: 400, publicCode: "request_invalid", message }) as const;
const headers = (message: string) =>
  ({ status: 431, publicCode: "headers_too_large", message }) as const;
const forbidden = (message: string) => ({ status: 403, publicCode: "forbidden", message }) as const;
const unavailable = (message: string) =>
  ({ status: 503, publicCode: "unavailable", message }) as const;

/** One row per cause. The only place that knows status codes and public codes. */
export const refusalCodes = {
  // what the request carries
  proof_missing: proofRequired("the request carries no proof"),
  proof_kind_not_accepted: proofRequired(
    "the request carries a kind of proof that this verifier does not accept",
  ),
  proof_ambiguous: proof("the request carries more than one kind of proof"),
  header_duplicate: proof("a security header occurs more than once"),
  header_invalid: proof("a security header is not a plain string of visible ASCII"),
  wit_without_proof: proofRequired("the request carries a WIT-SVID without a proof of its key"),
  wpt_without_wit: proofRequired("the request carries a WPT without its WIT-SVID"),
  wit_as_bearer: proofRequired("a WIT-SVID was sent as a bearer token"),
  bearer_not_accepted: proofRequired("the caller came with a bearer JWT-SVID and has to prove"),
  migration_ended: proofRequired("the time in which the caller could come without a proof is over"),
  target_invalid: request("the request target is not in origin form"),
  token_too_large: headers("a token is longer than its limit"),

  // the form of a token
  token_malformed: proof("a token is not a compact JWS with a usable header"),
  token_serialization: proof("a token is not in JWS compact serialization"),
  token_encoding_invalid: proof("a token segment is not canonical base64url"),
  token_utf8_invalid: proof("a token segment is not valid UTF-8"),
  token_json_invalid: proof("a token segment is not a JSON object"),
  token_member_duplicate: proof("a token names a JSON member twice"),
  token_critical_unsupported: proof("a token has a crit header, and no extension is supported"),
  token_header_forbidden: proof("a token has a header parameter that its profile forbids"),
  token_type_invalid: proof("a token has the wrong typ"),
  token_algorithm_forbidden: proof("a token uses an algorithm that is not allowed"),
  token_algorithm_mismatch: proof("the algorithm of a token does not fit the key"),
  token_signature_invalid: proof("the signature of a token does not verify"),
  token_key_missing: proof("a token does not name its key by kid"),
  token_key_unknown: credential("the trust bundle has no authority with the kid of the token"),
  token_key_ambiguous: proof("a token names no key and too many authorities would fit"),
  token_untrusted: credential("no authority of the token's trust domain signed it"),
  token_claim_invalid: proof("a registered claim has the wrong type"),
  token_subject_missing: credential("a token has no sub"),
  token_subject_invalid: credential("the sub of a token is not a SPIFFE ID of a workload"),
  token_audience_missing: credential("a token has no aud"),
  token_audience_mismatch: credential("the aud of a token does not name this service"),
  token_audience_forbidden: credential("a WIT-SVID has an aud"),
  token_expiry_missing: credential("a token has no exp"),
  token_expired: credential("a token has expired"),
  token_not_yet_valid: credential("a token is not valid yet"),
  token_lifetime_exceeded: credential("a token lives longer than this verifier accepts"),
  confirmation_missing: credential("a WIT-SVID has no cnf"),
  confirmation_invalid: credential("the cnf of a WIT-SVID is not a usable public JWK"),
  confirmation_private: credential("the cnf of a WIT-SVID holds private key material"),
  confirmation_algorithm_invalid: credential("the cnf key of a WIT-SVID has no fitting alg"),
  confirmation_key_weak: credential("the cnf key of a WIT-SVID is outside the accepted sizes"),

  // what a Txn-Token says
  transaction_id_missing: credential("a Txn-Token has no txn"),
  transaction_scope_missing: credential("a Txn-Token has no scope"),
  transaction_workload_missing: credential("a Txn-Token has no req_wl"),
  transaction_issued_at_missing: credential("a Txn-Token has no iat"),
  transaction_domain_mismatch: credential("a Txn-Token was issued for another trust domain"),
  transaction_caller_foreign: forbidden(
    "the caller is of another trust domain and may not bring a Txn-Token",
  ),

  // the form of a message signature
  signature_without_credential: proofRequired(
    "the request carries a message signature without its credential",
  ),
  certificate_without_signature: proofRequired(
    "the request carries an X.509-SVID without a signature of its key",
  ),
  signature_tag_missing: proofRequired("no signature of the message has the tag of a workload"),
  signature_ambiguous: signature(
    "more than one signature of the message has the tag of a workload",
  ),
  signature_unpaired: signature("a signature is not in both Signature-Input and Signature"),
  signature_malformed: signature("a field of a signature is no structured field in canonical form"),
  signature_component_missing: signature("the signature does not cover what it has to cover"),
  signature_component_absent: signature("the signature covers a field that the message lacks"),
  signature_component_duplicate: signature("the signature covers a component twice"),
  signature_component_unsupported: signature("the signature covers a component that is not known"),
  signature_parameter_missing: signature("the signature lacks a parameter of its profile"),
  signature_parameter_invalid: signature("a parameter of the signature has the wrong type"),
  signature_parameter_forbidden: signature("the signature names its key or algorithm"),
  signature_invalid: signature("the signature of the message does not verify"),
  signature_request_mismatch: signature("the signed response answers another request"),
  digest_unsupported: signature("the Content-Digest is not exactly one sha-256"),
  response_unsignable: {
    status: 501,
    publicCode: "response_unsigned",
    message: "the response has to be signed and cannot be",
  },

  // trust
  trust_domain_unknown: credential("there is no trust bundle for the trust domain"),
  trust_bundle_empty: credential("the trust bundle has no authority for this kind of credential"),
  trust_unavailable: unavailable("the source of trust has no usable state"),

  // X.509-SVIDs
  certificate_chain_empty: credential("the credential has no certificate"),
  certificate_chain_too_long: credential("the certificate chain is longer than the limit"),
  certificate_too_large: credential("the certificate chain has more bytes than the limit"),
  certificate_malformed: credential("a certificate is not a well-formed X.509 certificate"),
  certificate_trailing_data: credential("there are bytes after a certificate"),
  certificate_version_invalid: credential("a certificate is not of version 3"),
  certificate_extension_duplicate: credential("a certificate has an extension twice"),
  certificate_extension_unsupported: credential("a certificate has an unknown critical extension"),
  certificate_algorithm_mismatch: credential("a certificate names two signature algorithms"),
  certificate_algorithm_unsupported: credential(
    "a certificate uses a key or signature algorithm that is not supported",
  ),
  certificate_key_weak: credential("a certificate key is outside the accepted sizes"),
  certificate_uri_missing: credential("the leaf certificate has no URI SAN"),
  certificate_uri_multiple: credential("the leaf certificate has more than one URI SAN"),
  certificate_id_invalid: credential("the URI SAN is not a SPIFFE ID of a workload"),
  certificate_is_ca: credential("the leaf certificate is a CA certificate"),
  certificate_key_usage_invalid: credential("the leaf certificate has the wrong key usage"),
  certificate_extended_key_usage_invalid: credential(
    "the leaf certificate was issued for another purpose",
  ),
  certificate_expired: credential("a certificate of the path has expired"),
  certificate_not_yet_valid: credential("a certificate of the path is not valid yet"),
  certificate_issuer_not_ca: credential("an issuer in the path is not a CA"),
  certificate_path_length_exceeded: credential("a path length constraint is violated"),
  certificate_name_constrained: credential("a name constraint forbids a name in the path"),
  certificate_signature_invalid: credential("a certificate was not signed by its issuer"),
  certificate_untrusted: credential("the path does not end at an authority of the trust domain"),

  // the connection
  channel_missing: credential("the caller presented no certificate for its connection"),
  channel_mismatch: credential("the connection belongs to another workload than the proof"),

  // what a proof claims
  proof_audience_missing: proof("the proof has no aud"),
  proof_audience_multiple: proof("the proof names more than one audience"),
  proof_audience_mismatch: proof("the proof was made for another service"),
  proof_target_mismatch: proof("the proof was made for another path"),
  proof_query_mismatch: proof("the proof was made for another query"),
  proof_query_unbound: proof("the proof does not bind the query"),
  proof_method_mismatch: proof("the proof was made for another method"),
  proof_method_unbound: proof("the proof does not bind the method"),
  proof_body_mismatch: proof("the content is not the content that was proved"),
  proof_body_unbound: proof("the proof does not bind the content"),
  proof_subject_mismatch: proof("the sub of the proof is not the identity of the credential"),
  proof_credential_mismatch: proof("the proof was made with another credential"),
  proof_credential_unbound: proof("the proof does not bind the credential"),
  proof_id_invalid: proof("the jti or nonce of the proof is not 1 to 256 visible ASCII bytes"),
  proof_expiry_missing: proof("the proof has no exp"),
  proof_issued_at_missing: proof("the proof has no iat"),
  proof_expired: proof("the proof has expired"),
  proof_not_yet_valid: proof("the proof was issued in the future"),
  proof_lifetime_exceeded: proof("the proof lives longer than this verifier accepts"),
  proof_access_token_mismatch: proof("the proof was made with another access token"),
  proof_access_token_unbound: proof("the proof does not bind the access token"),
  proof_transaction_token_mismatch: proof("the proof was made with another transaction token"),
  proof_transaction_token_unbound: proof("the proof does not bind the transaction token"),
  proof_token_header_mismatch: proof("the proof was made with another value of a token header"),
  proof_token_header_unbound: proof("the proof does not bind a token header"),
  proof_token_header_unknown: proof("the proof binds a header that this verifier does not know"),
  proof_token_header_ambiguous: proof("a bound token header occurs more than once"),

  // sessions
  session_proof_malformed: proof("the proof by session does not have its one form"),
  session_unknown: session("the session is not known here"),
  session_superseded: session("the trust bundle that the session rests on was replaced"),
  session_expired: session("the session, or the credential it rests on, has ended"),
  session_proof_mismatch: proof(
    "the proof by session was not made for this request in this session",
  ),
  session_sequence_stale: proof("the number of the proof is too far behind those that were used"),
  session_key_invalid: proof("the ephemeral key of the proof is not a point on P-256"),
  proof_signature_required: {
    status: 401,
    publicCode: "signature_required",
    message: "the request needs a signed proof and was proved otherwise",
  },

  // replay
  proof_replayed: proof("the proof was used before"),
  proof_before_start: proof("the proof is older than what the replay guard can remember"),
  replay_guard_full: unavailable("the replay guard is full of live entries"),
  replay_quota_exceeded: unavailable("the caller used up its share of the replay guard"),
  replay_guard_unavailable: unavailable("the replay guard gave no usable answer"),

  // content
  body_too_large: {
    status: 413,
    publicCode: "content_too_large",
    message: "the content is longer than the limit",
  },
  body_aborted: request("the content ended early"),

  // decision
  caller_forbidden: forbidden("the policy does not allow this caller"),
  policy_missing: forbidden("no policy covers this route"),
  policy_timeout: unavailable("the policy gave no answer in time"),
  verification_timeout: unavailable("verification did not finish in time"),
  observer_failed: unavailable("the observer could not record the decision"),
} as const satisfies Record<string, RefusalRule>;

/**
 * The status for a cause. What is wrong with a message signature is 400, since 401 would ask for a
 * scheme of HTTP authentication, which a signature is not (http-signature-07 §3.6).
 */
export function statusOf({ code, token }: RefusalCause): RefusalRule["status"] {
  const { status, publicCode } = refusalCodes[code];
  return token === "http-signature" && publicCode === "proof_invalid" ? 400 : status;
}

interface RefusalCause {
  readonly code: VerificationCode;
  readonly token: string | undefined;
}

/** Exact cause of a refusal. For operators and audit; callers see the {@link PublicCode}. */
export type VerificationCode = keyof typeof refusalCodes;
