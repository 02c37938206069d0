#!/bin/sh
# Code compiled for one ISA level must not be shared: the linker keeps one copy of a weak symbol, and it may be the one a
# lesser CPU cannot run. So an isa object shows its table function, and all else it exports names the level's tag.
# usage: check-isa-symbols.sh BUILD_DIR
set -eu
build=${1:?usage: check-isa-symbols.sh BUILD_DIR}
found=0
failed=0
for level in scalar:Scalar avx2:Avx2 avx512:Avx512 avx512bf16:Avx512Bf16 avx512amx:Avx512Amx neon:Neon; do
  name=${level%%:*}
  tag=${level##*:}
  for object in $(find "$build" -path "*/kernels/isa/*" \( -name "$name.cc.o" -o -name "$name.o" -o -name "*_$name.cc.o" \)); do
    found=$((found + 1))
    # Kinds in lower case are local, but for v and w (weak) and u (unique); DW.ref.* are pointers, not code.
    shared=$(nm -C --defined-only "$object" | sed -E 's/^[0-9a-f]+ //' | grep -E '^[A-Zuvw] ' |
      grep -vE "^T gradsmith::kernels::${name}_table\(\)$|^V DW\.ref\.|simd::$tag\b" || true)
    if [ -n "$shared" ]; then
      failed=1
      printf '%s shares symbols without %s in their name:\n%s\n' "$object" "simd::$tag" "$shared" >&2
    fi
  done
done
if [ "$found" -eq 0 ]; then
  echo "no isa objects under $build" >&2
  exit 1
fi
[ "$failed" -eq 0 ] && echo "isa symbols: $found objects checked"
exit "$failed"
