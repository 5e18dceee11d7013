# Gives the commands of koohook the settings of its units. An operator types this in a shell of the
# user koohook:
#
#     . /opt/koohook/systemd/commands.sh
set -a
. /etc/koohook/koohook.env
KOOHOOK_LISTEN=127.0.0.1:8001
# The crontab's PATH has no /usr/local/bin.
PATH=/opt/koohook/bin:$PATH
set +a

# A secret that has no file is not set. Its drop-in would not start either.
koohook_secret() {
    if [ -e "/etc/koohook/secrets/$2" ]; then export "$1_FILE=/etc/koohook/secrets/$2"; fi
}
koohook_secret KOOHOOK_BASE_KEY base.key
koohook_secret KOOHOOK_BASE_KEY_PREVIOUS base.key.previous
koohook_secret KOOHOOK_KIT_KEY kit.key
koohook_secret KOOHOOK_KIT_KEY_PREVIOUS kit.key.previous
koohook_secret KOOHOOK_RSA_PRIVATE_KEY application.pem
koohook_secret KOOHOOK_SEAL_KEY seal.key
koohook_secret KOOHOOK_SEAL_KEY_PREVIOUS seal.key.previous
koohook_secret KOOHOOK_STORE store.address
koohook_secret KOOHOOK_PRODUCT_SECRET product.secret
koohook_secret KOOHOOK_OPENAPI_AK openapi.ak
koohook_secret KOOHOOK_OPENAPI_SK openapi.sk
koohook_secret KOOHOOK_ALARM_URL alarm.url
koohook_secret KOOHOOK_ALARM_SECRET alarm.secret
unset -f koohook_secret
