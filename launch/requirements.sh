# Sourced by the scripts of launch, cluster and .ci: what this machine must have, and functions that see to it.
# shellcheck shell=bash

# The MPI to build with, by the name of its pkg-config file, as Package.swift takes it.
mpi=${MPI_PKG_CONFIG:-mpi}
packages=(pkg-config libopenblas-dev zlib1g-dev libssl-dev)
if [[ $mpi == mpich ]]; then
  packages+=(libmpich-dev mpich)
else
  packages+=(libopenmpi-dev openmpi-bin)
fi
libraries=("$mpi" openblas zlib libcrypto)
swift_minimum=6.3

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Prints the usage comment at the head of the calling script.
print_usage() {
  sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# Installs the Debian packages that are missing; elsewhere only checks for their libraries.
require_packages() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    command -v mpirun >/dev/null && pkg-config --exists "${libraries[@]}" 2>/dev/null && return
    fail "needs mpirun and, through pkg-config, ${libraries[*]}; without apt-get they cannot be" \
      "installed from here. Debian's packages are called ${packages[*]}"
  fi
  local package status missing=() administrator=()
  for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [[ $status == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    if sudo -n true 2>/dev/null; then
      administrator=(sudo -n)
    elif command -v sudo >/dev/null && [[ -t 0 ]]; then
      administrator=(sudo)
    else
      fail "these packages are missing and installing them needs root: ${missing[*]}"
    fi
  fi
  echo "Installing ${missing[*]}"
  administrator+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  if ! { "${administrator[@]}" update &&
    "${administrator[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null; }; then
    fail "apt-get could not install ${missing[*]}"
  fi
}

require_swift() {
  command -v swift >/dev/null ||
    fail "Swift $swift_minimum or newer is needed, no swift on the PATH;" \
      "see https://www.swift.org/install"
  local found version
  found=$(swift --version 2>&1) || fail "swift --version failed: $found"
  [[ $found =~ Swift\ version\ ([0-9]+\.[0-9]+[0-9.]*) ]] ||
    fail "Swift $swift_minimum or newer is needed, cannot tell the version from: $found"
  version=${BASH_REMATCH[1]}
  printf '%s\n' "$swift_minimum" "$version" | sort --version-sort --check=quiet ||
    fail "Swift $swift_minimum or newer is needed, found $version at $(command -v swift)"
}

# use_launcher FOLDER: puts MPICH's mpirun first on the PATH, if the build is with MPICH.
use_launcher() {
  local launcher=$1/mpirun
  [[ $mpi == mpich ]] || return 0
  command -v mpirun.mpich >/dev/null || fail "no mpirun.mpich on the PATH"
  mkdir -p "$1"
  # A link would make it look for its other programs in FOLDER.
  printf '#!/bin/sh\nexec mpirun.mpich "$@"\n' >"$launcher"
  chmod +x "$launcher"
  export PATH=$1:$PATH
}

# mpirun refuses to start ranks as root unless both variables are set.
allow_mpirun_as_root() {
  ((EUID == 0)) || return 0
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
}
