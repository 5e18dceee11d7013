# The script of tests/machine-boot. A line "#STEP name" stands for the commands under that heading of the
# page. A line that begins with PROVED is a result.
set -euo pipefail
cd /play
export CURL_CA_BUNDLE=/play/fullchain.pem
trap 'journalctl -b --no-pager -n 30 -o cat; echo "failed: $BASH_COMMAND"' ERR
echo "127.0.0.1 $(hostname) seller.example.com" >>/etc/hosts
until [ "$(systemctl is-active dbus)" = active ]; do sleep 0.1; done

main_pid() { systemctl show -p MainPID --value "koohook@$1"; }
exe() { readlink -f "/proc/$(main_pid "$1")/exe"; }
property() { systemctl show -p "$2" --value "koohook@$1"; }
# Tries a command until it succeeds, for 30 seconds.
until_true() {
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "no success within 30 seconds: $*"
    return 1
}
# Calls through nginx until the file /run/stop exists. Counts all answers that are not HTTP 200.
call_on() {
    local calls=0 lost=0 status
    while [ ! -e /run/stop ]; do
        status=$(curl -s -o /dev/null -w '%{http_code}' https://seller.example.com/saasproduce || true)
        calls=$((calls + 1))
        [ "$status" = 200 ] || lost=$((lost + 1))
    done
    echo "$calls $lost" >/run/calls
}

#STEP 3.
#STEP 4.
grep -v '^#' /etc/koohook/koohook.env >/result/koohook.env
[ "$(stat -c '%a %U' /etc/koohook/koohook.env)" = "600 koohook" ]
#STEP 5.

# Debian's package has started nginx. The certificate, in this folder, is the operator's.
systemctl start nginx
#STEP 6.
#STEP 7.
#STEP 8.
echo "PROVED the commands of steps 3 to 8 succeed on $(systemctl --version | head -1)"

# The sandbox, as the kernel sees it.
pid=$(main_pid 8001)
grep -q '^CapBnd:.*0000000000000000$' "/proc/$pid/status"
grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
grep -q '^Seccomp:.*2$' "/proc/$pid/status"
[ "$(stat -c %U "/proc/$pid")" = koohook ]
nsenter -t "$pid" -m sh -c 'test ! -e /etc/koohook/secrets/base.key'
nsenter -t "$pid" -m sh -c '! touch /opt/koohook/bin/new /etc/koohook/new 2>/dev/null'
grep -z -q "^KOOHOOK_BASE_KEY_FILE=/run/credentials/koohook@8001.service/base.key" "/proc/$pid/environ"
echo "PROVED the process has no capability, writes only its state, and does not see the secrets' folder"

# A process that is killed comes back.
kill -KILL "$pid"
until_true sh -c 'curl -fsS http://127.0.0.1:8001/readyz'
[ "$(main_pid 8001)" != "$pid" ]
echo "PROVED systemd started a killed process again"

before="$(main_pid 8001) $(main_pid 8002)"
call_on &
#STEP Update
[ "$(exe 8001)" = /opt/koohook-0.2.0-x86_64-linux/bin/koohook ]
[ "$(exe 8002)" = /opt/koohook-0.2.0-x86_64-linux/bin/koohook ]
#STEP Roll back
[ "$(exe 8001)" = /opt/koohook-0.1.0-x86_64-linux/bin/koohook ]
touch /run/stop
wait
read -r calls lost </run/calls
[ "$before" != "$(main_pid 8001) $(main_pid 8002)" ]
[ "$calls" -gt 20 ] && [ "$lost" = 0 ]
echo "PROVED an update and the way back lost $lost of $calls calls through nginx"

# Every optional part: first without its files, then with them.
install -D -m 644 -t /etc/systemd/system/koohook@.service.d /opt/koohook/systemd/koohook@.service.d/*.conf
systemctl daemon-reload
if systemctl restart koohook@8002; then exit 1; fi
[ "$(property 8002 ExecMainStatus)" = 243 ]
{ systemctl status --no-pager koohook@8002 || true; } | grep 'status=243/CREDENTIALS' >/dev/null
[ "$(systemctl is-active koohook@8001)" = active ]
echo "PROVED a drop-in without its files stops the start with 243/CREDENTIALS"

cd /etc/koohook/secrets
umask 077
koohook keys secret product >product.secret
koohook keys new --out application.pem
printf 'made-up-machine-key-0002' >kit.key
printf 'made-up-machine-key-0003' >base.key.previous
printf 'made-up-machine-key-0004' >kit.key.previous
koohook keys secret seal >seal.key.previous
printf 'MADEUPACCESSKEYOFNOONE' >openapi.ak
printf 'made-up-secret-key-of-no-account' >openapi.sk
printf 'http://127.0.0.1:9/robot' >alarm.url
printf 'sqlite:/var/lib/koohook/koohook.db' >store.address
sed -i '/^KOOHOOK_STORE=/d' /etc/koohook/koohook.env
chown koohook: ./*
cat >>/etc/koohook/koohook.env <<'END'
KOOHOOK_PRODUCT_URL='http://127.0.0.1:9/notices'
KOOHOOK_OPENAPI_HOST='http://127.0.0.1:9'
END
systemctl restart koohook@8002 koohook@8001
until_true sh -c 'curl -fsS http://127.0.0.1:8002/readyz'
until_true sh -c 'curl -fsS http://127.0.0.1:8001/readyz'
curl -fsS http://127.0.0.1:18001/metrics | grep '^koohook_' >/dev/null
curl -fsS http://127.0.0.1:18002/metrics | grep '^koohook_' >/dev/null
journalctl -u koohook@8001 -o cat | grep '"message":"started"' | tail -1 | grep 'kit V2' >/dev/null
# The commands get the same keys as the units.
sudo -u koohook bash -c '. /opt/koohook/systemd/commands.sh; koohook keys check' >/run/keys || true
for name in BASE_KEY BASE_KEY_PREVIOUS KIT_KEY KIT_KEY_PREVIOUS RSA_PRIVATE_KEY SEAL_KEY \
    SEAL_KEY_PREVIOUS PRODUCT_SECRET OPENAPI_AK OPENAPI_SK ALARM_URL; do
    grep "^KOOHOOK_$name " /run/keys | grep -v ' off ' >/dev/null
done
sudo -u koohook bash -c '. /opt/koohook/systemd/commands.sh; koohook instances list --all -o json' >/dev/null
echo "PROVED all drop-ins start together, and the commands have the same keys and the same store"

# The page promises that commands.sh has what the units have, also when it is read again. dash is cron's shell.
for shell in bash dash; do
    mv /etc/systemd/system/koohook@.service.d/alarm.conf /run/
    sudo -u koohook "$shell" -ec '
        KOOHOOK_ALARM_URL_FILE=/gone KOOHOOK_GONE=1
        export KOOHOOK_ALARM_URL_FILE KOOHOOK_GONE
        . /opt/koohook/systemd/commands.sh
        env' >/run/names
    mv /run/alarm.conf /etc/systemd/system/koohook@.service.d/
    grep '^KOOHOOK_PRODUCT_SECRET_FILE=/etc/koohook/secrets/product.secret$' /run/names >/dev/null
    if grep '^KOOHOOK_GONE=\|^KOOHOOK_ALARM' /run/names; then exit 1; fi
    sudo -u nobody "$shell" -c '. /opt/koohook/systemd/commands.sh || echo stopped' >/run/said 2>&1
    [ "$(grep -c '' /run/said)" = 2 ]
    grep 'sudo -u koohook -s' /run/said >/dev/null
done
echo "PROVED commands.sh exports a secret only with its drop-in, and stops for another user"

systemctl stop koohook@8001
[ "$(property 8001 Result)" = success ]
journalctl -u koohook@8001 -o cat | grep '"message":"stopped"' >/dev/null
echo "PROVED a stop ends cleanly"
