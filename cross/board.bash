# An emulated board: Debian's kernel and userland for arm64 on a disk image, under qemu-system. Sourced by cross/boot
# and cross/power-cut, from the root of the repository, after cross/aarch64.bash.
# shellcheck shell=bash
#
#   board_works             whether everything is here, else names or installs it
#   board_remedy            one line that installs it
#   board_base FOLDER       makes kernel, initrd and root file system there, once
#   board_disk BASE FOLDER FILE   a disk with that root file system and what lies in FOLDER on top
#   board_start BASE DISK CONSOLE WORDS …  starts the board in the background: $board is its process, CONSOLE what it
#                           says; WORDS are added to the kernel's command line, those that begin with - to qemu's

readonly BOARD_TOOLS=(mmdebstrap e2fsprogs cpio debian-archive-keyring)
readonly BOARD_EMULATOR=qemu-system-arm
# The oldest that a box is expected to run: systemd 252.
readonly BOARD_SUITE=bookworm
readonly BOARD_PACKAGES=(systemd systemd-sysv util-linux mount kmod bash coreutils dash sed grep tar findutils procps
    dpkg libc-bin base-files base-passwd libgcc-s1 busybox-static diffutils linux-image-cloud-arm64)
readonly BOARD_MB=900

board_works() {
    [[ $EUID -eq 0 ]] || return 1
    board_tools_there || install_debian "${BOARD_TOOLS[@]}" >&2
    board_tools_there && board_emulator
}

board_tools_there() {
    local tool
    for tool in mmdebstrap mke2fs cpio xz; do
        command -v "$tool" >/dev/null || return 1
    done
}

board_remedy() { echo "as root: apt-get update; apt-get install ${BOARD_TOOLS[*]} $BOARD_EMULATOR"; }

# What starts the emulator. Where it cannot be installed, since parts of a newer one are, it runs in a folder of its
# own, with its libraries.
board_emulator() {
    # shellcheck disable=SC2154 # the target folder of whoever sources this
    local own=$target/cross/board-emulator
    emulator_of_board=(qemu-system-aarch64)
    board_emulator_starts || { install_debian "$BOARD_EMULATOR" >&2 && board_emulator_starts; } && return
    emulator_of_board=("$own/lib64/ld-linux-x86-64.so.2" --library-path "$own/usr/lib/x86_64-linux-gnu"
        "$own/usr/bin/qemu-system-aarch64" -L "$own/usr/share/qemu")
    board_emulator_starts && return
    rm -rf "$own"
    mmdebstrap --quiet --variant=extract --include="$BOARD_EMULATOR" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "$BOARD_SUITE" "$own" >&2 && board_emulator_starts
}

board_emulator_starts() { "${emulator_of_board[@]}" --version >/dev/null 2>&1; }

board_base() {
    local base=$1 name
    name=$(printf '%s\n' "$BOARD_SUITE" "${BOARD_PACKAGES[@]}" | sha256sum)
    [[ $(cat "$base/made" 2>/dev/null) == "$name" ]] && return
    rm -rf "$base"
    mkdir -p "$base"
    # Unpacked, not configured: nothing of the other machine has to run here.
    mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$(commas "${BOARD_PACKAGES[@]}")" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "$BOARD_SUITE" "$base/system" >&2 || return 1
    board_settle "$base/system"
    board_initrd "$base" && echo "$name" >"$base/made"
}

commas() { local IFS=,; echo "$*"; }

# What the packages' own scripts would have done, as far as it is needed here.
board_settle() {
    local root=$1 unit
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    : >"$root/etc/machine-id"
    echo 'board' >"$root/etc/hostname"
    echo '127.0.0.1 localhost board' >"$root/etc/hosts"
    mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
    touch "$root/var/lib/dpkg/status" "$root/var/lib/dpkg/available"
    for unit in getty.target serial-getty@ttyAMA0.service systemd-logind.service systemd-udev-settle.service \
        systemd-update-utmp.service systemd-firstboot.service dpkg-db-backup.timer e2scrub_all.timer \
        e2scrub_reap.service fstrim.timer systemd-pstore.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
}

# The disk's driver is a module; everything else that is needed to find it is built into the kernel.
board_initrd() {
    local base=$1 module found
    mkdir -p "$base/initrd/"{bin,dev,proc,disk}
    cp "$base/system/bin/busybox" "$base/initrd/bin/"
    install -m 755 cross/board/init "$base/initrd/init"
    for module in virtio_ring virtio virtio_mmio virtio_blk; do
        found=$(find "$base/system/lib/modules" -name "$module.ko*" | head -n 1)
        case $found in
            *.ko) cp "$found" "$base/initrd/$module.ko" ;;
            *.ko.xz) xz --decompress --stdout "$found" >"$base/initrd/$module.ko" ;;
        esac
    done
    (cd "$base/initrd" && find . | cpio --quiet --create --format=newc) >"$base/initrd.cpio" || return 1
    cp "$base"/system/boot/vmlinuz-* "$base/kernel" && rm -rf "$base"/system/{boot,usr/share/{locale,doc,man}}
}

board_disk() {
    local base=$1 extra=$2 file=$3 tree
    tree=$(mktemp -d) || return 1
    cp --archive "$base/system/." "$tree/" && cp --archive --no-preserve=ownership "$extra/." "$tree/" &&
        rm -f "$file" && mke2fs -q -t ext4 -d "$tree" "$file" "${BOARD_MB}m" >&2
    local status=$?
    rm -rf "$tree"
    return $status
}

board_start() {
    local base=$1 disk=$2 console=$3 words=$4
    shift 4
    nice -n 5 "${emulator_of_board[@]}" -M virt,gic-version=3 -cpu cortex-a53 -accel tcg,thread=multi -smp 2 -m 512 \
        -display none -monitor none -nic none -no-reboot -serial "file:$console" -kernel "$base/kernel" \
        -initrd "$base/initrd.cpio" -drive "if=none,id=disk,format=raw,cache=unsafe,file=$disk" \
        -device virtio-blk-device,drive=disk "$@" \
        -append "console=ttyAMA0 quiet loglevel=3 panic=-1 $words" </dev/null >"$console.qemu" 2>&1 &
    # shellcheck disable=SC2034 # read by whoever called
    board=$!
}
