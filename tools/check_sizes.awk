# Prints the largest files and functions. Usage: awk -f tools/check_sizes.awk FILES…
#
# Not a limit: past 600 lines a file, past 60 lines a function, ask what wants to be a room of its
# own. For comparison, six well-kept C trees have a median of 11-21 lines per function and 76-108 at
# the 95th percentile.
function report(rows, count, title, limit,    shown, command) {
    printf "%s\n", title
    command = "sort -rn | head -n 12"
    for (shown = 1; shown <= count; shown++) print rows[shown] | command
    close(command)
}
FNR == 1 { if (file != "") files[++file_count] = sprintf("%6d  %s", lines, file); file = FILENAME }
{ lines = FNR }
/^[A-Za-z_].*\(/ && !/;[ \t]*$/ { head = $0; sub(/\(.*/, "", head); sub(/.*[ *]/, "", head) }
/^\{/ { begun = FNR }
/^\}/ && begun {
    functions[++function_count] = sprintf("%6d  %s:%d %s", FNR - begun - 1, FILENAME, begun, head)
    begun = 0
}
END {
    files[++file_count] = sprintf("%6d  %s", lines, file)
    report(files, file_count, "largest files (lines)")
    report(functions, function_count, "largest functions (lines)")
    printf "%d files, %d functions\n", file_count, function_count
}
