import type {
  ConfigurationErrorCode,
  CredentialErrorCode,
  ProofErrorCode,
  SpiffeIdErrorCode,
  VerificationCode,
} from "@firsthand/core";

/** A code of ours with the error that has it. That it exists is checked by the compiler. */
export type Code =
  | `VerificationError ${VerificationCode}`
  | `CredentialError ${CredentialErrorCode}`
  | `ProofError ${ProofErrorCode}`
  | `ConfigurationError ${ConfigurationErrorCode}`
  | `SpiffeIdError ${SpiffeIdErrorCode}`;

/** What the catalogue's classes of causes are called here. */
export const classes: Readonly<Record<string, readonly Code[]>> = {
  "bundle.endpoint_auth": ["CredentialError bundle_endpoint_untrusted"],
  "bundle.duplicate_kid": ["CredentialError bundle_key_duplicate"],
  "bundle.empty_trusts_nothing": ["VerificationError trust_bundle_empty"],
  "bundle.invalid": ["CredentialError bundle_invalid", "SpiffeIdError trust_domain_invalid"],
  "bundle.private_key": ["CredentialError bundle_key_private"],
  "bundle.trust_domain_fixed": ["VerificationError trust_domain_unknown"],

  "config.bundle_merge": ["ConfigurationError option_invalid"],
  "config.crypto_selftest": ["ConfigurationError cryptography_unsound"],
  "config.invalid": ["ConfigurationError option_invalid"],

  "fetch.body_not_replayable": ["ProofError body_too_large"],
  "fetch.insecure_transport": ["ProofError transport_insecure"],
  "fetch.no_audience": ["ProofError peer_unknown"],
  "fetch.redirect": ["ProofError redirect_refused"],
  "fetch.url": ["ProofError url_invalid"],

  "httpsig.component_missing": ["VerificationError signature_component_missing"],
  "httpsig.component_unsupported": ["VerificationError signature_component_unsupported"],
  "httpsig.component_value": ["VerificationError header_invalid"],
  "httpsig.digest_algorithm": ["VerificationError digest_unsupported"],
  "httpsig.digest_mismatch": [
    "VerificationError proof_body_mismatch",
    "VerificationError digest_unsupported",
  ],
  "httpsig.digest_missing": ["VerificationError proof_body_unbound"],
  "httpsig.expired": ["VerificationError proof_expired"],
  "httpsig.label_mismatch": ["VerificationError signature_ambiguous"],
  "httpsig.lifetime": ["VerificationError proof_lifetime_exceeded"],
  "httpsig.missing": ["VerificationError signature_unpaired"],
  "httpsig.nonce_invalid": ["VerificationError proof_id_invalid"],
  "httpsig.param_forbidden": ["VerificationError signature_parameter_forbidden"],
  "httpsig.param_missing": [
    "VerificationError signature_parameter_missing",
    "VerificationError signature_tag_missing",
  ],
  "httpsig.req_nonce": ["VerificationError signature_request_mismatch"],
  "httpsig.signature": ["VerificationError signature_invalid"],
  "httpsig.target_form": ["VerificationError target_invalid"],

  "id.path_char": ["SpiffeIdError path_invalid"],
  "id.path_dot_segment": ["SpiffeIdError path_dot_segment"],
  "id.path_empty_segment": ["SpiffeIdError path_empty_segment"],
  "id.path_missing": ["SpiffeIdError path_missing"],
  "id.path_trailing_slash": ["SpiffeIdError path_trailing_slash"],
  "id.scheme": ["SpiffeIdError scheme_invalid"],
  "id.trust_domain_char": ["SpiffeIdError trust_domain_invalid"],
  "id.trust_domain_too_long": ["SpiffeIdError trust_domain_too_long"],

  "jose.alg_key_mismatch": ["VerificationError token_algorithm_mismatch"],
  "jose.alg_not_allowed": ["VerificationError token_algorithm_forbidden"],
  "jose.base64": ["VerificationError token_encoding_invalid"],
  "jose.crit": ["VerificationError token_critical_unsupported"],
  "jose.duplicate_member": ["VerificationError token_member_duplicate"],
  "jose.header_forbidden": ["VerificationError token_header_forbidden"],
  "jose.json": ["VerificationError token_json_invalid"],
  "jose.kid_missing": ["VerificationError token_key_missing"],
  "jose.kid_unknown": ["VerificationError token_key_unknown"],
  "jose.malformed": ["VerificationError token_malformed"],
  "jose.serialization": ["VerificationError token_serialization"],
  "jose.signature": ["VerificationError token_signature_invalid"],
  "jose.too_large": ["VerificationError token_too_large"],
  "jose.typ": ["VerificationError token_type_invalid"],
  "jose.utf8": ["VerificationError token_utf8_invalid"],

  "jwt.aud_missing": ["VerificationError token_audience_missing"],
  "jwt.claim_type": ["VerificationError token_claim_invalid"],
  "jwt.expired": ["VerificationError token_expired"],
  "jwt.lifetime": ["VerificationError token_lifetime_exceeded"],
  "jwt.no_bundle": ["VerificationError trust_domain_unknown"],
  "jwt.not_yet_valid": ["VerificationError token_not_yet_valid"],
  "jwt.sub_missing": ["VerificationError token_subject_missing"],
  "jwt.untrusted": ["VerificationError token_untrusted", "VerificationError token_key_unknown"],

  "mw.body_too_large": ["VerificationError body_too_large"],
  "mw.header_duplicate": ["VerificationError header_duplicate"],
  "mw.header_type": ["VerificationError header_invalid"],
  "mw.internal_error": ["ConfigurationError response_started"],
  "mw.not_ready": ["VerificationError trust_unavailable"],
  "mw.timeout": ["VerificationError verification_timeout"],

  "policy.denied": ["VerificationError caller_forbidden"],
  "policy.invalid_rule": ["ConfigurationError option_invalid"],
  "policy.timeout": ["VerificationError policy_timeout"],

  "replay.cache_full": ["VerificationError replay_guard_full"],
  "replay.duplicate": ["VerificationError proof_replayed"],
  "replay.start_window": ["VerificationError proof_before_start"],
  "replay.store_unavailable": ["VerificationError replay_guard_unavailable"],

  "source.closed": ["CredentialError source_closed"],
  "source.torn_snapshot": ["CredentialError credential_key_mismatch"],

  "wit.aud_present": ["VerificationError token_audience_forbidden"],
  "wit.bearer": ["VerificationError wit_as_bearer"],
  "wit.cnf_alg": ["VerificationError confirmation_algorithm_invalid"],
  "wit.cnf_invalid": ["VerificationError confirmation_invalid"],
  "wit.cnf_weak": ["VerificationError confirmation_key_weak"],
  "wit.no_proof": ["VerificationError wit_without_proof"],

  "wlapi.address": ["ConfigurationError option_invalid"],
  "wlapi.invalid_argument": ["CredentialError endpoint_refused"],
  "wlapi.permission_denied": ["CredentialError endpoint_forbidden"],
  "wlapi.protocol": ["CredentialError response_malformed"],
  "wlapi.response_invalid": ["CredentialError response_invalid"],
  "wlapi.socket_untrusted": ["CredentialError endpoint_untrusted"],
  "wlapi.stalled": ["CredentialError endpoint_stalled"],
  "wlapi.too_large": ["CredentialError response_too_large"],
  "wlapi.unexpected_trust_domain": ["CredentialError trust_domain_unexpected"],

  "wpt.aud_mismatch": ["VerificationError proof_audience_mismatch"],
  "wpt.aud_missing": ["VerificationError proof_audience_missing"],
  "wpt.aud_multiple": [
    "VerificationError proof_audience_multiple",
    "VerificationError token_claim_invalid",
  ],
  "wpt.body_mismatch": ["VerificationError proof_body_mismatch"],
  "wpt.body_unbound": ["VerificationError proof_body_unbound"],
  "wpt.expired": ["VerificationError proof_expired"],
  "wpt.jti_invalid": ["VerificationError proof_id_invalid"],
  "wpt.lifetime": ["VerificationError proof_lifetime_exceeded"],
  "wpt.method_mismatch": ["VerificationError proof_method_mismatch"],
  "wpt.missing": ["VerificationError proof_missing", "VerificationError wit_without_proof"],
  "wpt.oth_ambiguous": ["VerificationError proof_token_header_ambiguous"],
  "wpt.oth_unknown": ["VerificationError proof_token_header_unknown"],
  "wpt.target_mismatch": [
    "VerificationError proof_target_mismatch",
    "VerificationError proof_query_mismatch",
  ],
  "wpt.tth_missing": ["VerificationError proof_transaction_token_unbound"],
  "wpt.wth_mismatch": ["VerificationError proof_credential_mismatch"],

  "x509.algorithm": ["VerificationError certificate_algorithm_unsupported"],
  "x509.algorithm_mismatch": ["VerificationError certificate_algorithm_mismatch"],
  "x509.chain_too_long": ["VerificationError certificate_chain_too_long"],
  "x509.eku": ["VerificationError certificate_extended_key_usage_invalid"],
  "x509.expired": ["VerificationError certificate_expired"],
  "x509.id_invalid": ["VerificationError certificate_id_invalid"],
  "x509.key_usage": ["VerificationError certificate_key_usage_invalid"],
  "x509.leaf_is_ca": ["VerificationError certificate_is_ca"],
  "x509.no_bundle": ["VerificationError trust_domain_unknown"],
  "x509.not_ca_issuer": ["VerificationError certificate_issuer_not_ca"],
  "x509.parse": ["VerificationError certificate_malformed"],
  "x509.path_len": ["VerificationError certificate_path_length_exceeded"],
  "x509.too_large": ["VerificationError certificate_too_large"],
  "x509.untrusted": ["VerificationError certificate_untrusted"],
  "x509.uri_san_missing": ["VerificationError certificate_uri_missing"],
  "x509.uri_san_multiple": ["VerificationError certificate_uri_multiple"],
  "x509.weak_key": ["VerificationError certificate_key_weak"],
};

/** Why a code serves more than one class. */
export const shared: Partial<Record<Code, string>> = {
  "ConfigurationError option_invalid":
    "The programmer has to change an option; `error.option` says which.",
  "SpiffeIdError trust_domain_invalid":
    "A bundle is parsed for a trust domain, whose name is read by the one reader of names.",
  "VerificationError trust_domain_unknown":
    "Whatever kind of credential asks, there is no bundle for its trust domain; `error.token` says which kind.",
  "VerificationError header_invalid":
    "A covered field is a security header, and what is no text is no value of one.",
  "VerificationError digest_unsupported":
    "A second digest that nobody checks is refused whether it is right or wrong.",
  "VerificationError proof_body_mismatch":
    "A digest in a field and one in a claim are compared with the content by the same rule.",
  "VerificationError proof_body_unbound":
    "A digest in a field and one in a claim are missing by the same rule.",
  "VerificationError proof_expired":
    "The times of a signature and of a token are judged by the same rule; `error.token` says which.",
  "VerificationError proof_lifetime_exceeded":
    "The times of a signature and of a token are judged by the same rule; `error.token` says which.",
  "VerificationError proof_id_invalid":
    "A nonce and a jti are used up alike, and have the same form.",
  "VerificationError token_key_unknown":
    "The key of a foreign authority is one that the bundle of the subject's own domain does not have.",
  "VerificationError token_claim_invalid":
    "An SVID-Proof has one audience by its form, so a list of them is a claim of the wrong type.",
  "VerificationError wit_without_proof":
    "Without its WPT a request has a WIT that proves nothing, which says more than that a proof is missing.",
};

/** Why a class has no code. */
export const withoutCode: Readonly<Record<string, string>> = {
  "config.no_delegation": "There is nothing to turn on: every token is validated in this process.",
  "mw.info_leak": "It is a property of every answer, and tested as one.",
  "mw.log_injection": "It is a property of every observation, and tested as one.",
};
