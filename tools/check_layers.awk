# Fails on an #include "layer/…" that the layers do not allow, and on a library's header outside the
# files that own that library. Usage: awk -f tools/check_layers.awk FILES…
BEGIN {
    allowed["base"] = " base "
    allowed["migrations"] = " base migrations "
    allowed["bundles"] = " base bundles "
    allowed["planner"] = " base migrations bundles planner "
    allowed["applier"] = " base bundles applier "
    # library header -> the layers that may include it
    library["libpq-fe.h"] = " applier "
    library["archive.h"] = " bundles "
    library["archive_entry.h"] = " bundles "
    library["zstd.h"] = " bundles "
    library["ini.h"] = " base "
    library["pg_query.h"] = " planner "
    library["sqlite3.h"] = " base bundles "
}
FNR == 1 { split(FILENAME, part, "/"); layer = part[1] }
/^#include "/ {
    split($2, quoted, "\""); split(quoted[2], path, "/")
    if (path[1] in allowed && index(allowed[layer], " " path[1] " ") == 0) {
        printf "%s:%d: %s may not include %s\n", FILENAME, FNR, layer, quoted[2]; bad = 1
    }
}
/^#include </ {
    header = $2; gsub(/[<>]/, "", header)
    if (header in library && index(library[header], " " layer " ") == 0) {
        printf "%s:%d: %s may not include <%s>\n", FILENAME, FNR, layer, header; bad = 1
    }
}
END { exit bad }
