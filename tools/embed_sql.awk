# Turns a file of `-- :name x` blocks into a header of `#define SQL_x "…"` string macros.
# Comment lines and blank lines inside a block are dropped; the rest is quoted line by line.
function finish() { if (name != "") printf "\n" }
/^-- :name / { finish(); name = $3; printf "#define SQL_%s", name; next }
/^[ \t]*--/ || /^[ \t]*$/ { next }
name == "" { print FILENAME ":" FNR ": SQL before the first -- :name" > "/dev/stderr"; exit 1 }
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf " \\\n    \"%s\\n\"", $0 }
END { finish() }
