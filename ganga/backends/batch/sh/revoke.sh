# Calls a batch off, so that none of it runs should the system have it after all: revoke.sh WORK BATCH
# Fails if it has begun.
cd "$1/batches" || exit
[ -e "$2" ] || exit 0
[ ! -e "$2/job" ] && mv "$2" ".gone.$2" || exit
if [ -e ".gone.$2/job" ]; then
    mv ".gone.$2" "$2"
    exit 1
fi
rm -rf ".gone.$2"
