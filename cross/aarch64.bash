# What building for aarch64 and running it here takes: a compiler, a linker, an emulator. Sourced by the scripts of
# this folder, from the root of the repository.
# shellcheck shell=bash
#
#   aarch64_works           whether an empty program can be compiled, linked and run
#   install_aarch64         installs what is lacking, if this user may
#   aarch64_remedy          one line that does
#   compiler                the path of a rustc with the library for the target
#   emulator                the path of qemu-user
#   aarch64_environment     tells cargo of all that
#   install_debian NAME…    installs Debian packages as root, or with a sudo that asks no password; else fails

readonly TARGET=aarch64-unknown-linux-gnu
readonly LINKER=aarch64-linux-gnu-gcc
# libc6:arm64 is what the program runs on. Not `qemu -L` with the cross libc: its loader and this libc are not of one
# build, and a program that starts a thread then spins for ever.
readonly TOOLS=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross libc6:arm64 libgcc-s1:arm64 qemu-user-static)
# Debian's compiler has the aarch64 library in its archive; rustup's is taken where `rustup target add` has been run.
readonly COMPILER=(rustc-web libstd-rust-web-dev:arm64)

aarch64_works() {
    local rustc work status=0
    work=$(mktemp -d) || return 1
    { rustc=$(compiler) && emulator >/dev/null &&
        echo 'fn main() {}' | "$rustc" --target "$TARGET" -C "linker=$LINKER" -o "$work/empty" - &&
        "$(emulator)" "$work/empty"; } >&2 || status=1
    rm -rf "$work"
    return "$status"
}

# One that is new enough.
compiler() {
    local rustc oldest
    oldest=$(sed -n -E 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
    for rustc in rustc /usr/bin/rustc; do
        if [[ -d $("$rustc" --print target-libdir --target "$TARGET" 2>/dev/null) ]] &&
            printf '%s\n' "$oldest" "$("$rustc" --version | cut -d ' ' -f 2)" | sort --version-sort --check=silent; then
            command -v "$rustc"
            return
        fi
    done
    return 1
}

# Tells cargo and the C compilers of crates what to build with, and how to run it.
aarch64_environment() {
    RUSTC=$(compiler)
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=$(emulator)
    export RUSTC CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$LINKER
    export CC_aarch64_unknown_linux_gnu=$LINKER AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
}

emulator() { command -v qemu-aarch64-static || command -v qemu-aarch64; }

aarch64_packages() {
    compiler >/dev/null || printf '%s\n' "${COMPILER[@]}"
    printf '%s\n' "${TOOLS[@]}"
}

install_aarch64() {
    local wanted
    mapfile -t wanted < <(aarch64_packages)
    install_debian "${wanted[@]}"
}

aarch64_remedy() {
    local wanted
    mapfile -t wanted < <(aarch64_packages)
    echo "dpkg --add-architecture arm64; apt-get update; apt-get install ${wanted[*]}"
}

install_debian() {
    [[ ${CARGO_NET_OFFLINE:-false} != true ]] && command -v apt-get >/dev/null && as_root true || return 1
    as_root dpkg --add-architecture arm64 && apt_get update &&
        apt_get install --yes --no-install-recommends --no-remove "$@"
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"; }

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}
