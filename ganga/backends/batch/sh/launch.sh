# Runs one task of a batch in a fresh folder of its own, and leaves word of how it ended.
# Arguments: the folder of the batch, the index of the task, how often the system has run it before (empty where the
# system does not count), and the system's id of the whole batch.
#
# A folder that was taken away is a batch that was called off: then nothing runs.
set -u
mask=$(umask)
umask 077
batch=$1 index=$2 restart=$3 job=$4
cd "$batch" || exit 125
[ -e job ] || { printf '%s\n' "$job" >".job.$index" && mv -f ".job.$index" job; }

# An earlier run, which may not know that it is over, keeps the folder that it is in, under another name.
earlier=0
while [ -e "$index.$earlier" ]; do earlier=$((earlier + 1)); done
if [ -e "$index" ]; then
    mv "$index" "$index.$earlier" || exit 125
    earlier=$((earlier + 1))
fi
restart=${restart:-$earlier}
mkdir "$index" && cd "$index" || exit 125

say() { printf '%s\n' "$*" >.status && mv -f .status status; }
begun=$(date -u +%s)
say running "$restart" "$begun"
trap : HUP INT QUIT TERM USR1 USR2

: >stdout
if [ -f ../folder ]; then
    ln -s "$(cat ../folder)" work
else
    mkdir work &&
        if [ -d ../inputs ]; then cp -Rp ../inputs/. work/; fi &&
        if [ -d "../own.$index" ]; then cp -Rp "../own.$index/." work/; fi
fi 2>stderr
code=$?
if [ "$code" -eq 0 ]; then
    umask "$mask"
    /bin/sh "$batch/task.sh" "$index" </dev/null >>stdout 2>>stderr
    code=$?
    umask 077
else
    code=125
fi
say ended "$restart" "$begun" "$(date -u +%s)" "$code"

# The batch system is to see the signal too.
case $code in
130 | 131 | 132 | 134 | 135 | 136 | 137 | 139 | 141 | 142 | 143 | 152 | 153 | 159)
    trap - HUP INT QUIT TERM USR1 USR2
    # shellcheck disable=SC3045 # where it is not known, there is a core file
    ulimit -c 0 2>/dev/null
    kill "-$((code - 128))" $$
    ;;
esac
exit "$code"
