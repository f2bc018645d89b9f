#!/bin/sh
# Makes the size tables beside this script (aws.txt, azure.txt, gcp.txt) from a CSV with the header
# provider,size,vcpu,memory_gib,arch,max_pods:
#
#     sh from_csv.sh vm_sizes.csv
#
# One line a size: NAME VCPU MEMORY_MIB [MAX_PODS] [a], sorted by lower-case name in byte order, because
# sizes.rs searches the text by bisection. "a" marks arm64; Azure names lose their "Standard_".
# A memory that is no whole number of MiB (GCP publishes some sizes as 3.6 GB) is rounded down.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for cloud in aws azure gcp; do
    awk -F, -v cloud="$cloud" '$1 == cloud {
        name = $2
        sub(/^Standard_/, "", name)
        printf "%s\t%s %d %d%s%s\n", tolower(name), name, $3, int($4 * 1024), ($6 == "" ? "" : " " $6), ($5 == "arm64" ? " a" : "")
    }' "$1" | LC_ALL=C sort | cut -f2 >"$here/$cloud.txt"
done
