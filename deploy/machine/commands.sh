# Gives the commands of koohook the settings of its units. An operator types this in a shell of the
# user koohook, and again after each change:
#
#     . /opt/koohook/systemd/commands.sh
if ! [ -r /etc/koohook/koohook.env ]; then
    echo 'cannot read /etc/koohook/koohook.env; type this as the user koohook: sudo -u koohook -s' >&2
    return 1
fi

# A setting that was deleted meanwhile must not stay in this shell.
for koohook_name in $(env | sed -n 's/^\(KOOHOOK_[A-Z0-9_]*\)=.*/\1/p'); do
    unset "$koohook_name"
done
unset koohook_name

set -a
. /etc/koohook/koohook.env
KOOHOOK_LISTEN=127.0.0.1:8001
# The crontab's PATH has no /usr/local/bin.
PATH=/opt/koohook/bin:$PATH
KOOHOOK_BASE_KEY_FILE=/etc/koohook/secrets/base.key
KOOHOOK_SEAL_KEY_FILE=/etc/koohook/secrets/seal.key
# The other secrets: those whose drop-in is installed, as for the units.
eval "$(cat /etc/systemd/system/koohook@.service.d/*.conf 2>/dev/null |
    sed -n 's|^Environment=\(KOOHOOK_[A-Z_]*_FILE\)=%d/\([a-z.]*\)$|\1=/etc/koohook/secrets/\2|p')"
set +a
