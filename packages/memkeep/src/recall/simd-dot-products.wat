;; Dot products of one int16 query with int8 rows, as whole numbers, so that they equal those of the plain kernel
;; (dot-products.ts) to the last bit. `npm run build:simd` turns this file into simd-bytes.ts; a test does so again and compares.
(module
  (import "rows" "memory" (memory 1))

  ;; $rows   address of the first row; rows stand one after another, $dims bytes each
  ;; $query  address of the query, two bytes a component, padded with zeros to a multiple of 32 components
  ;; $count  number of rows, at least 1
  ;; $out    address of the results, four bytes a row
  ;;
  ;; A row is read in steps of 32 bytes. The last step may read up to 31 bytes beyond the row (into the next one, or into
  ;; memory that the caller keeps behind the last): the zeros of the query make them count for nothing.
  (func (export "dotProducts")
    (param $rows i32) (param $dims i32) (param $query i32) (param $count i32) (param $out i32)
    (local $end i32) (local $row i32) (local $part i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $eachRow
      (local.set $row (local.get $rows))
      (local.set $end (i32.add (local.get $rows) (local.get $dims)))
      (local.set $part (local.get $query))
      ;; Four sums of four lanes that do not wait for one another.
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (v128.const i32x4 0 0 0 0))
      (local.set $c (v128.const i32x4 0 0 0 0))
      (local.set $d (v128.const i32x4 0 0 0 0))
      (loop $eachPart
        (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s
          (v128.load8x8_s (local.get $row)) (v128.load (local.get $part)))))
        (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s
          (v128.load8x8_s offset=8 (local.get $row)) (v128.load offset=16 (local.get $part)))))
        (local.set $c (i32x4.add (local.get $c) (i32x4.dot_i16x8_s
          (v128.load8x8_s offset=16 (local.get $row)) (v128.load offset=32 (local.get $part)))))
        (local.set $d (i32x4.add (local.get $d) (i32x4.dot_i16x8_s
          (v128.load8x8_s offset=24 (local.get $row)) (v128.load offset=48 (local.get $part)))))
        (local.set $part (i32.add (local.get $part) (i32.const 64)))
        (local.set $row (i32.add (local.get $row) (i32.const 32)))
        (br_if $eachPart (i32.lt_u (local.get $row) (local.get $end))))
      (local.set $a (i32x4.add
        (i32x4.add (local.get $a) (local.get $b))
        (i32x4.add (local.get $c) (local.get $d))))
      (i32.store (local.get $out) (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a)))
        (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a)))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $rows (local.get $end))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $eachRow (local.get $count)))))
