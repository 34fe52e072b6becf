#!/bin/sh
# Puts MySQL's server of another release of Debian or Ubuntu into a directory of its own, with the libraries that it needs: for
# machines whose own release has MariaDB only. As root, with debootstrap (apt-get install debootstrap).
#
#   sh scripts/fetch-mysql.sh sid /tmp/mysql-9               Debian sid: MySQL 9
#   sh scripts/fetch-mysql.sh questing /tmp/mysql-8.4 /tmp/mysql-9/usr/share/keyrings/ubuntu-archive-keyring.gpg
#   sh scripts/fetch-mysql.sh noble /tmp/mysql-8.0 /tmp/mysql-9/usr/share/keyrings/ubuntu-archive-keyring.gpg
#   DURABLE_TEST_MYSQLD=/tmp/mysql-9/mysqld npm run test:mysql
#
# The third argument makes it a release of Ubuntu: the keys that its packages are signed with, which come with Debian's.
set -eu
[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 1; }
release=$1 root=$2 keyring=${3:-}
[ ! -e "$root" ] || { echo "$root is there already: remove it, or name another directory." >&2; exit 1; }

if [ -n "$keyring" ]; then
  mirror=http://archive.ubuntu.com/ubuntu packages=mysql-server-core
  # One recipe serves all releases of Ubuntu; a debootstrap that is older than the release does not know its name.
  debootstrap --variant=minbase --components=main --keyring="$keyring" "$release" "$root" "$mirror" /usr/share/debootstrap/scripts/gutsy
  for suite in "$release" "$release-updates"; do echo "deb $mirror $suite main"; done > "$root/etc/apt/sources.list"
  chroot "$root" apt-get update -qq
  # There the package without a version does not exist.
  [ "$release" != noble ] || packages=mysql-server-core-8.0
else
  packages='mysql-server-core ubuntu-keyring'
  debootstrap --variant=minbase "$release" "$root" http://deb.debian.org/debian
fi

printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
# shellcheck disable=SC2086 -- two packages
DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -qq -y --no-install-recommends $packages

# Outside of the directory the libraries of the system would be too old.
cat > "$root/mysqld" <<'WRAPPER'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
exec "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/usr/lib/x86_64-linux-gnu:$root/usr/lib/mysql/private" "$root/usr/sbin/mysqld" "$@"
WRAPPER
chmod +x "$root/mysqld"
"$root/mysqld" --no-defaults --version
echo "DURABLE_TEST_MYSQLD=$root/mysqld"
