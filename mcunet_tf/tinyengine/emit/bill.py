# SPDX-License-Identifier: Apache-2.0
"""A bill of materials of an emitted project: SPDX 2.3 as JSON.

It says which files there are, with their digests and licences, and which models they come from.
Values of a model are its owner's, so the licence of constants is not ours to tell. The same project
gives the same text: the time is that of SOURCE_DATE_EPOCH, or else 1970.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from mcunet_tf.tinyengine.emit.library import Library, Network

FILE = "sbom.spdx.json"
LICENCE = "Apache-2.0"
_UNKNOWN = "NOASSERTION"
_CONSTANTS = re.compile(r"_weights\.[ch]$")


def bill_of_materials(library: Library, files: Mapping[str, str]) -> str:
    """The document for all files of a project but itself."""
    entries = [_file(path, text) for path, text in sorted(files.items()) if path != FILE]
    whole = hashlib.sha256("".join(e["checksums"][1]["checksumValue"] for e in entries).encode())
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    models = [_model(network) for network in library.networks]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": library.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{library.name}-{whole.hexdigest()[:32]}",
        "creationInfo": {
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": [f"Tool: mcunet_tf-{library.version}"],
        },
        "packages": [_library(library, entries), *models],
        "files": entries,
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-library"),
            *(_relation("SPDXRef-library", "GENERATED_FROM", m["SPDXID"]) for m in models),
            *(_relation("SPDXRef-library", "CONTAINS", e["SPDXID"]) for e in entries),
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _file(path: str, text: str) -> dict[str, Any]:
    data = text.encode()
    licence = _UNKNOWN if _CONSTANTS.search(path) else LICENCE
    return {
        "SPDXID": f"SPDXRef-file-{re.sub(r'[^A-Za-z0-9.-]', '-', path)}-{_short(path)}",
        "fileName": f"./{path}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()},
        ],
        "licenseConcluded": licence,
        "licenseInfoInFiles": [licence],
        "copyrightText": _UNKNOWN,
    }


def _short(path: str) -> str:
    # Paths that differ in other characters would have one name.
    return hashlib.sha256(path.encode()).hexdigest()[:8]


def _library(library: Library, files: list[dict[str, Any]]) -> dict[str, Any]:
    digests = sorted(entry["checksums"][0]["checksumValue"] for entry in files)
    code = hashlib.sha1("".join(digests).encode()).hexdigest()
    return {
        "SPDXID": "SPDXRef-library",
        "name": library.name,
        "versionInfo": library.version,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": code},
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": _UNKNOWN,
        "licenseInfoFromFiles": [LICENCE, _UNKNOWN],
        "copyrightText": _UNKNOWN,
        "primaryPackagePurpose": "LIBRARY",
    }


def _model(network: Network) -> dict[str, Any]:
    sums = [{"algorithm": "SHA256", "checksumValue": network.sha256}] if network.sha256 else []
    return {
        "SPDXID": f"SPDXRef-model-{network.name.replace('_', '-')}-{_short(network.name)}",
        "name": network.source,
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "checksums": sums,
        "licenseConcluded": _UNKNOWN,
        "licenseDeclared": _UNKNOWN,
        "copyrightText": _UNKNOWN,
        "primaryPackagePurpose": "FILE",
    }


def _relation(subject: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": other}
