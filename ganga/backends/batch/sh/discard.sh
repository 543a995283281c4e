# Removes the files of tasks, and of a batch with its last one: discard.sh WORK, with a line "JOB INDEX" for each on the
# standard input, those of one job behind each other.
cd "$1" || exit

remove() {
    rm -rf "$@" 2>/dev/null && return
    chmod -R u+rwX "$@" 2>/dev/null
    rm -rf "$@"
}

# Removes the batch if all of its tasks are gone.
finish() {
    [ -d "ids/$1/gone" ] || return 0
    # shellcheck disable=SC2012 # the names are numbers
    [ "$(ls "ids/$1/gone" | wc -l)" -ge "$(wc -l <"ids/$1/tags")" ] || return 0
    batch=$(cd -P "ids/$1" && pwd) && rm -f "ids/$1" && remove "$batch"
}

before=
while read -r job index; do
    [ -f "ids/$job/tags" ] || continue
    if [ "$job" != "$before" ]; then
        [ -z "$before" ] || finish "$before" || exit
        mkdir -p "ids/$job/gone" || exit
        before=$job
    fi
    : >"ids/$job/gone/$index" || exit
    remove "ids/$job/$index" "ids/$job/$index".* "ids/$job/own.$index" || exit
done
[ -z "$before" ] || finish "$before"
