#!/usr/bin/env bash
# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# The rooms that need no ROS, on Python 3.12 with NumPy 1.26 as robots have them; where no 3.12 is found it says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=
for candidate in python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3.12; do
  if "$candidate" -c '' 2>/dev/null; then python=$candidate; break; fi
done
if [[ -z $python ]]; then
  echo 'python3.12 is not here: core, drivers and sim were not tested on it'
  exit 0
fi

env=.venv-312
wanted="$("$python" -VV) $(sha256sum requirements/python312.txt)"
if [[ ! -f $env/stamp || $(<"$env/stamp") != "$wanted" ]]; then
  "$python" -m venv --clear "$env"
  "$env/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements/python312.txt
  printf '%s\n' "$wanted" >"$env/stamp"
fi
"$env/bin/python" -m pytest -q -n 2 -m 'not ros and not slow and not launch' test/core test/drivers test/sim
