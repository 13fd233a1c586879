// The module `heapfault`: lets one allocation on the heap fail, as on a chip whose heap is full.
//
//   heapfault.arm(n, times=1)   the n-th allocation from now on fails, and so many in a row
//   heapfault.seen()            how many there were since
//   heapfault.disarm()          no further one fails; returns how many did
//
// The linker puts these functions in front of the allocator's own (mpconfigvariant.mk), so that
// MicroPython's sources stay as they are.
#include "py/gc.h"
#include "py/runtime.h"

static size_t seen, first, last, failed;

static bool fails(void) {
    if (last == 0) {
        return false;
    }
    seen++;
    if (seen < first || seen > last) {
        return false;
    }
    failed++;
    return true;
}

void *__real_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *__wrap_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *__real_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);
void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);

void *__wrap_gc_alloc(size_t n_bytes, unsigned int alloc_flags) {
    return n_bytes != 0 && fails() ? NULL : __real_gc_alloc(n_bytes, alloc_flags);
}

void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    // What shrinks has its room already.
    bool grows = n_bytes > (ptr == NULL ? 0 : gc_nbytes(ptr));
    return grows && fails() ? NULL : __real_gc_realloc(ptr, n_bytes, allow_move);
}

static mp_obj_t arm(size_t n_args, const mp_obj_t *args) {
    first = mp_obj_get_int(args[0]);
    last = first + (n_args > 1 ? mp_obj_get_int(args[1]) : 1) - 1;
    seen = failed = 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(arm_obj, 1, 2, arm);

static mp_obj_t seen_so_far(void) {
    return MP_OBJ_NEW_SMALL_INT(seen);
}
static MP_DEFINE_CONST_FUN_OBJ_0(seen_obj, seen_so_far);

static mp_obj_t disarm(void) {
    last = 0;
    return MP_OBJ_NEW_SMALL_INT(failed);
}
static MP_DEFINE_CONST_FUN_OBJ_0(disarm_obj, disarm);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_heapfault) },
    { MP_ROM_QSTR(MP_QSTR_arm), MP_ROM_PTR(&arm_obj) },
    { MP_ROM_QSTR(MP_QSTR_seen), MP_ROM_PTR(&seen_obj) },
    { MP_ROM_QSTR(MP_QSTR_disarm), MP_ROM_PTR(&disarm_obj) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t heapfault_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_heapfault, heapfault_module);
