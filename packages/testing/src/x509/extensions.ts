import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
import type { CertificateNames, CertificateTemplate, KeyUsageName } from "./template.js";

/** The extensions of a certificate, in the order in which SPIRE writes them. */
export function extensionsOf(
  template: CertificateTemplate,
  subjectKeyId: Uint8Array,
  authorityKeyId: Uint8Array,
): Extension[] {
  const names = generalNames(template.names);
  const { keyUsage, extendedKeyUsage, basicConstraints, nameConstraints } = template;
  return [
    keyUsage && extension(id_ce_keyUsage, true, keyUsageOf(keyUsage)),
    extendedKeyUsage &&
      extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...extendedKeyUsage])),
    basicConstraints &&
      extension(id_ce_basicConstraints, true, basicConstraintsOf(basicConstraints)),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(subjectKeyId)),
    extension(
      id_ce_authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(authorityKeyId) }),
    ),
    names.length > 0 && extension(id_ce_subjectAltName, false, new SubjectAlternativeName(names)),
    nameConstraints && extension(id_ce_nameConstraints, true, nameConstraintsOf(nameConstraints)),
    ...(template.extraExtensions ?? []).map(
      ({ oid, critical, value }) =>
        new Extension({ extnID: oid, critical, extnValue: new OctetString(value) }),
    ),
  ].filter((entry) => entry instanceof Extension);
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical, extnValue });
}

function keyUsageOf(names: readonly KeyUsageName[]): KeyUsage {
  return new KeyUsage(names.reduce((flags, name) => flags | KeyUsageFlags[name], 0));
}

function basicConstraintsOf(
  value: NonNullable<CertificateTemplate["basicConstraints"]>,
): BasicConstraints {
  const { ca, pathLength } = value;
  return new BasicConstraints({
    cA: ca,
    ...(pathLength !== undefined && { pathLenConstraint: pathLength }),
  });
}

function nameConstraintsOf(
  value: NonNullable<CertificateTemplate["nameConstraints"]>,
): NameConstraints {
  const { permitted, excluded } = value;
  return new NameConstraints({
    ...(permitted && { permittedSubtrees: subtrees(permitted) }),
    ...(excluded && { excludedSubtrees: subtrees(excluded) }),
  });
}

function subtrees(names: CertificateNames): GeneralSubtrees {
  return new GeneralSubtrees(generalNames(names).map((base) => new GeneralSubtree({ base })));
}

function generalNames({ uris = [], dnsNames = [], emails = [] }: CertificateNames): GeneralName[] {
  return [
    ...uris.map((uri) => new GeneralName({ uniformResourceIdentifier: uri })),
    ...dnsNames.map((name) => new GeneralName({ dNSName: name })),
    ...emails.map((address) => new GeneralName({ rfc822Name: address })),
  ];
}
