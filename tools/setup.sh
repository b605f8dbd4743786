#!/usr/bin/env bash
# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Make .venv: the ROS wheels, our tools, hvd_msgs and hvd_ros. Called by `make setup`.
# Each step remembers the checksum of what it depends on and is skipped while that is unchanged.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
checkout=$PWD
python=${PYTHON:-python3.11}

fail() { echo "setup: $*" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || fail \
  "'$python' is not a Python 3.11, which the ROS wheels are built for. Install one (apt install" \
  "python3.11 python3.11-venv, pyenv install 3.11, or uv python install 3.11), or name it:" \
  "make setup PYTHON=/path/to/python3.11"

# Scripts start with '#!<environment>/bin/python', which a space would cut in two; so does CMake's
# code generation. Such a checkout keeps its environment in the cache folder and .venv is a link.
env=$checkout/.venv
work=$checkout/build
if [[ $checkout =~ [[:space:]] ]]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/hvd_ros/$(printf %s "$checkout" | sha256sum | cut -c1-12)
  [[ $cache =~ [[:space:]] ]] && fail "both '$checkout' and '$cache' contain a space; set XDG_CACHE_HOME"
  env=$cache/venv
  work=$cache/build
  mkdir -p "$env" "$work"
  [[ -L .venv ]] || rm -rf .venv
  ln -sfn "$env" .venv
fi
stamps=$env/stamps

# digest PATH...: one checksum over names and contents.
digest() { find "$@" -type f -not -name "*.pyc" -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum; }
fresh() { [[ -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; }
stamp() { mkdir -p "$stamps" && printf '%s\n' "$2" >"$stamps/$1"; }

colcon_build() {
  # A stale ROS environment of the caller must not leak into the build.
  env -u AMENT_PREFIX_PATH -u CMAKE_PREFIX_PATH -u COLCON_PREFIX_PATH PATH="$env/bin:$PATH" \
    "$env/bin/colcon" --log-base "$work/log" build --base-paths "$@" --build-base "$work" \
    --install-base "$env" --merge-install --event-handlers console_cohesion- \
    --cmake-args "-DCMAKE_PROJECT_INCLUDE=$work/wheels_underlay.cmake" -DBUILD_TESTING=OFF \
    "-DPython3_EXECUTABLE=$env/bin/python"
}

wheels="$env $("$python" -VV) $(digest requirements/robot.txt requirements/dev.txt)"
if ! fresh wheels "$wheels"; then
  echo "setup: installing the pinned packages into $env"
  rm -rf "$stamps" "$work"
  "$python" -m venv --clear "$env"
  "$env/bin/pip" install --quiet --disable-pip-version-check -r requirements/dev.txt
  stamp wheels "$wheels"
fi

messages="$wheels $(digest msg config/wheels_underlay.cmake)"
if ! fresh messages "$messages"; then
  echo 'setup: building hvd_msgs'
  rm -rf "$work/hvd_msgs" "$work/source"
  mkdir -p "$work/source"
  cp -r msg "$work/source/msg"
  cp config/wheels_underlay.cmake "$work/"
  colcon_build "$work/source/msg"
  stamp messages "$messages"
fi

# The environment reads the modules from the checkout (below), so only the rest needs a build.
package="$messages $(digest setup.py setup.cfg package.xml resource) $(digest config launch msg urdf)"
if ! fresh package "$package"; then
  echo 'setup: installing hvd_ros'
  rm -rf "$work/hvd_ros" "$env"/lib/python3.11/site-packages/hvd_ros "$env/share/hvd_ros"
  colcon_build "$checkout"
  ln -sfn ../lib/hvd_ros/hvd "$env/bin/hvd"
  # HVD_CHECKOUT lets a test run the nodes of a changed copy (test/mutate_guards.py).
  printf 'import os, sys; c = os.environ.get("HVD_CHECKOUT") or %s; sys.path[:0] = [c, c + "/training"]\n' \
    "$("$python" -c 'import sys; print(repr(sys.argv[1]))' "$checkout")" \
    >"$env/lib/python3.11/site-packages/zz_checkout.pth"
  stamp package "$package"
fi

# Its modules are read from the checkout as well; what is installed are the entry points.
training="$package $(digest training/pyproject.toml)"
if ! fresh training "$training"; then
  echo 'setup: installing hvd-training'
  "$env/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e training
  stamp training "$training"
fi
