#!/usr/bin/env bash
# torch 2.13.0, onnxscript 0.5.0 and 0.6.0, onnx 1.17.0 and 1.18.0.
#
# torch.onnx.export(dynamo=True) needs onnx and onnxscript and names no bounds for either: pip
# installs any, and `pip check` finds nothing broken. With onnxscript 0.5 it asks for a private module
# that only 0.6 has. With onnx 1.17 it takes opset_version=23, whose attention that onnx has no schema
# for, and fails as it converts; with 1.18 the same model is exported.
#
# Seen:  pip check: No broken requirements found.
#        onnxscript 0.5.0, onnx 1.17.0: ModuleNotFoundError: onnxscript._framework_apis.torch_2_11
#        onnxscript 0.6.0, onnx 1.17.0: SchemaError: 'Attention' version '23'
#        onnxscript 0.6.0, onnx 1.18.0: exported, opset 23
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 numpy==2.4.6 onnx-ir==0.1.16
cat >finding.py <<'PYTHON'
import contextlib
import io
import re
import warnings

import onnx
import onnxscript
import torch

warnings.simplefilter("ignore")


class Attending(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.scaled_dot_product_attention(x, x, x)


def causes(error: BaseException | None):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def export() -> str:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            program = torch.onnx.export(
                Attending().eval(), (torch.zeros(1, 2, 3, 4),), dynamo=True, opset_version=23
            )
    except Exception as error:
        *_, first = causes(error)
        name = getattr(first, "name", None)
        said = name or re.search(r"'Attention' version '\d+'", str(first))[0]
        return f"{type(first).__name__}: {said}"
    return f"exported, opset {program.model_proto.opset_import[0].version}"


print(f"onnxscript {onnxscript.__version__}, onnx {onnx.__version__}: {export()}")
PYTHON
for versions in "0.5.0 1.17.0" "0.6.0 1.17.0" "0.6.0 1.18.0"; do
    venv/bin/pip install -q "onnxscript==${versions% *}" "onnx==${versions#* }"
    if [ "$versions" = "0.5.0 1.17.0" ]; then
        echo "pip check: $(venv/bin/pip check)"
    fi
    venv/bin/python finding.py
done | tee seen
diff seen - <<'SEEN'
pip check: No broken requirements found.
onnxscript 0.5.0, onnx 1.17.0: ModuleNotFoundError: onnxscript._framework_apis.torch_2_11
onnxscript 0.6.0, onnx 1.17.0: SchemaError: 'Attention' version '23'
onnxscript 0.6.0, onnx 1.18.0: exported, opset 23
SEEN
