# Fails on an #include "layer/…" that the layers do not allow, on one against the order of a layer's
# rooms, and on a library's header outside the files that own that library. Usage: awk -f tools/check_layers.awk FILES…
BEGIN {
    allowed["base"] = " base "
    allowed["migrations"] = " base migrations "
    allowed["bundles"] = " base bundles "
    allowed["planner"] = " base migrations bundles planner "
    allowed["applier"] = " base bundles applier "
    # The rooms of a layer, each of which may include those before it; sql is anybody's, and the files
    # at the layer's door (main, the command table) may include all.
    order("applier", "sql server schema ledger site watch steps backup runs rehearsal preflight commands")
    order("planner", "sql schema lint downs history packing explain import rehearsal catalog commands")
    # library header -> the layers that may include it
    library["libpq-fe.h"] = " applier "
    library["archive.h"] = " bundles "
    library["archive_entry.h"] = " bundles "
    library["zstd.h"] = " bundles "
    library["ini.h"] = " base "
    library["pg_query.h"] = " planner "
    library["sqlite3.h"] = " base bundles "
}
function order(layer, rooms,    names, count, i) {
    count = split(rooms, names, " ")
    for (i = 1; i <= count; i++)
        place[layer "/" names[i]] = i
}
FNR == 1 {
    depth = split(FILENAME, part, "/"); layer = part[1]; room = layer "/" part[2]
    if ((layer "/sql") in place && depth == 3 && !(room in place)) {
        printf "%s: '%s' is not in the order of rooms\n", FILENAME, room; bad = 1
    }
}
/^#include "/ {
    split($2, quoted, "\""); split(quoted[2], path, "/")
    if (path[1] in allowed && index(allowed[layer], " " path[1] " ") == 0) {
        printf "%s:%d: %s may not include %s\n", FILENAME, FNR, layer, quoted[2]; bad = 1
    }
}
/^#include "/ {
    target = path[1] "/" path[2]
    if (path[1] == layer && room in place && path[3] != "" && !(target in place && place[target] <= place[room])) {
        printf "%s:%d: %s may not include %s\n", FILENAME, FNR, room, quoted[2]; bad = 1
    }
}
/^#include </ {
    header = $2; gsub(/[<>]/, "", header)
    if (header in library && index(library[header], " " layer " ") == 0) {
        printf "%s:%d: %s may not include <%s>\n", FILENAME, FNR, layer, header; bad = 1
    }
}
END { exit bad }
