/* Pickles made by hand: those that mean harm, and those that nobody's torch.save writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "fa/file.h"
#include "fa/memory.h"

/* A file of the older format in the making. */
static struct {
    char *bytes;
    size_t n, room;
} made;

static void add(const void *bytes, size_t n_bytes)
{
    if (made.n + n_bytes > made.room) {
        made.room = 2 * (made.n + n_bytes);
        made.bytes = realloc(made.bytes, made.room);
        assert_non_null(made.bytes);
    }
    memcpy(made.bytes + made.n, bytes, n_bytes);
    made.n += n_bytes;
}

#define ADD(text) add("" text, sizeof(text) - 1)

static void begin(void)
{
    made.n = 0;
    ADD("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."); /* the magic number */
    ADD("\x80\x02M\xe9\x03.");                                        /* 1001 */
    ADD("\x80\x02}X\x0d\0\0\0little_endian\x88s.");
}

/* After the state: one storage "0" of four floats. */
static void end(void)
{
    static const float numbers[4] = {1, 2, 3, 4};

    ADD("\x80\x02]X\x01\0\0\0"
        "0a.");
    ADD("\4\0\0\0\0\0\0\0");
    add(numbers, sizeof numbers);
}

/* A storage of n_elem floats under "0". */
static void add_storage(uint32_t n_elem)
{
    ADD("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        "0X\x03\0\0\0cpuJ");
    add(&n_elem, 4);
    ADD("tQ");
}

static void add_sizes(int n, const int64_t *sizes)
{
    ADD("(");
    for (int i = 0; i < n; i++) {
        ADD("\x8a\x08");
        add(&sizes[i], 8);
    }
    ADD("t");
}

static void add_tensor(int64_t offset, int n_dims, const int64_t *dims, const int64_t *strides)
{
    ADD("ctorch._utils\n_rebuild_tensor_v2\n(");
    add_storage(4);
    ADD("\x8a\x08");
    add(&offset, 8);
    add_sizes(n_dims, dims);
    add_sizes(n_dims, strides);
    ADD("\x89"
        "ccollections\nOrderedDict\n)RtR");
}

/* A state dict with this one entry. */
static void begin_entry(void)
{
    begin();
    ADD("\x80\x02}X\x01\0\0\0a");
}

static fa_status finish(void)
{
    ADD("s.");
    end();
    return try_bytes(made.bytes, made.n);
}

static fa_status try_view(int64_t offset, int n_dims, const int64_t *dims, const int64_t *strides)
{
    begin_entry();
    add_tensor(offset, n_dims, dims, strides);
    return finish();
}

/* This state, where the rest of the file is as it should be, without storages. */
static fa_status try_state(const void *bytes, size_t n_bytes)
{
    begin();
    add(bytes, n_bytes);
    ADD("\x80\x02].");
    return try_bytes(made.bytes, made.n);
}

struct refusal {
    const char *bytes;
    size_t n_bytes;
    const char *message;
};
#define REFUSAL(bytes, message)                                                                              \
    {                                                                                                        \
        "" bytes, sizeof(bytes) - 1, message                                                                 \
    }

static void assert_refused(const struct refusal *refusals, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_fails_saying(try_state(refusals[i].bytes, refusals[i].n_bytes), FA_EFORMAT,
                            refusals[i].message);
}

static void the_tensor_made_by_hand_is_read(void **state)
{
    const float want[4] = {1, 3, 2, 4};
    struct fa_weights_file *file;

    (void)state;
    begin_entry();
    add_tensor(0, 2, (const int64_t[]){2, 2}, (const int64_t[]){1, 2});
    ADD("s.");
    end();
    assert_ok(read_bytes(made.bytes, made.n, &file));
    assert_tensor(file, "a", 2, (const int64_t[]){2, 2}, want);
    fa_weights_free(file);
}

static void functions_that_do_harm_are_refused_by_name(void **state)
{
    static const struct refusal refusals[] = {
        REFUSAL("\x80\x02"
                "cos\nsystem\n(X\x09\0\0\0touch rantR.",
                "asks for os.system"),
        REFUSAL("\x80\x02"
                "cposix\nsystem\n(X\x09\0\0\0touch rantR.",
                "asks for posix.system"),
        REFUSAL("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x09touch ran\x85R.", "asks for posix.system"),
        REFUSAL("\x80\x02"
                "c__builtin__\neval\n(X\x01\0\0\0"
                "1tR.",
                "asks for __builtin__.eval"),
        REFUSAL("\x80\x02"
                "csubprocess\nPopen\n)\x81.",
                "asks for subprocess.Popen"),
        REFUSAL("\x80\x02}X\x04\0\0\0meta"
                "cos\nsystem\ns.",
                "asks for os.system"),
        REFUSAL("\x80\x02"
                "ctorch.nn.modules.conv\nConv2d\n)\x81.",
                "save model.state_dict()"),
        REFUSAL("\x80\x02"
                "ca\x1b[31m\nb\xff\n.",
                "asks for a\\x1b[31m.b\\xff,"),
        REFUSAL("(X\x09\0\0\0touch raniposix\nsystem\n.", "opcode 0x69"),
        REFUSAL("(cposix\nsystem\no.", "asks for posix.system"),
        REFUSAL("\x80\x02(c__builtin__\ngetattr\no.", "opcode 0x6f"),
        REFUSAL("\x80\x02\x82\x01.", "opcode 0x82"),
        REFUSAL("\x80\x02Pstorage\n.", "opcode 0x50"),
        REFUSAL("\x80\x02"
                "c__builtin__\ngetattr\n)R)R.",
                "what is called is not a function"),
    };

    (void)state;
    assert_refused(refusals, sizeof refusals / sizeof refusals[0]);
    assert_false(fa_file_exists("ran"));
}

static void programs_that_make_no_sense_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        REFUSAL("\x80\x06N.", "protocol"),
        REFUSAL("\x80\x02.", "a value is missing"),
        REFUSAL("\x80\x02(.", "a value is missing"),
        REFUSAL("\x80\x02"
                "0.",
                "a value is missing"),
        REFUSAL("\x80\x02\x86.", "a value is missing"),
        REFUSAL("\x80\x02R.", "a value is missing"),
        REFUSAL("\x80\x02(2.", "a value is missing"),
        REFUSAL("\x80\x02t.", "a mark is missing"),
        REFUSAL("\x80\x02Nu.", "a mark is missing"),
        REFUSAL("\x80\x02N(u.", "None or a number where"),
        REFUSAL("\x80\x02](NNu.", "does not take them"),
        REFUSAL("\x80\x02}Na.", "does not take them"),
        REFUSAL("\x80\x02}(Nu.", "a key has no value"),
        REFUSAL("\x80\x02(Nd.", "a key has no value"),
        REFUSAL("\x80\x02h\x05.", "no such value"),
        REFUSAL("\x80\x02Nr\xff\xff\xff\xff.", "too large"),
        REFUSAL("\x80\x02Npx\n.", "an index is not a number"),
        REFUSAL("\x80\x02X\xff\xff\xff\xff.", "ends early"),
        REFUSAL("\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "ends early"),
        REFUSAL("\x80\x02\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "ends early"),
        REFUSAL("\x80\x02\x8b\xff\xff\xff\xff.", "longer than any"),
        REFUSAL("\x80\x02I12x\n.", "not a whole number"),
        REFUSAL("\x80\x02L99999999999999999999L\n.", "not a whole number"),
        REFUSAL("\x80\x02S'a\n.", "no quotes"),
        REFUSAL("\x80\x02S'\n.", "no quotes"),
        REFUSAL("\x80\x02NN\x93.", "has no name"),
        REFUSAL("\x80\x02NN\x81.", "has no class"),
        REFUSAL("\x80\x02NNb.", "None or a number where"),
        REFUSAL("\x80\x02]Nb.", "what has none"),
        REFUSAL("\x80\x02NQ.", "is not a storage"),
        REFUSAL("\x80\x02(X\x06\0\0\0moduleNNNNtQ.", "is not a storage"),
        REFUSAL("\x80\x02(X\x07\0\0\0storageNNNNtQ.", "no type, key"),
        REFUSAL("\x80\x02"
                "ccollections\nOrderedDict\nN\x85R.",
                "not made from a list"),
        REFUSAL("\x80\x02"
                "ccollections\nOrderedDict\n]Na\x85R.",
                "not made from pairs"),
        REFUSAL("\x80\x02"
                "ctorch._utils\n_rebuild_parameter\n)R.",
                "a parameter has no tensor"),
        REFUSAL("\x80\x02"
                "ctorch._utils\n_rebuild_tensor_v2\n)R.",
                "no storage, offset"),
    };

    (void)state;
    assert_refused(refusals, sizeof refusals / sizeof refusals[0]);
}

static void states_that_are_none_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        REFUSAL("\x80\x02].", "holds a list where"),
        REFUSAL("\x80\x02K\x01.", "holds a whole number where"),
        REFUSAL("\x80\x02}NNs.", "name of tensor 1 is not printable"),
        REFUSAL("\x80\x02}X\x02\0\0\0a\nNs.", "name of tensor 1 is not printable"),
        REFUSAL("\x80\x02}X\x01\0\0\0\xffNs.", "name of tensor 1 is not printable"),
        REFUSAL("\x80\x02}X\x05\0\0\0epochK\x01s.", "epoch is a whole number where a tensor"),
        REFUSAL("\x80\x02}X\x01\0\0\0x"
                "cnumpy.core.multiarray\nscalar\n)Rs.",
                "x is numpy.core.multiarray.scalar"),
        REFUSAL("\x80\x02}X\x0a\0\0\0state_dict}X\x01\0\0\0y}ss.", "y is a dictionary where"),
        REFUSAL("\x80\x02}X\x01\0\0\0z"
                "ctorch._utils\n_rebuild_tensor_v2\n(NNNNtRs.",
                "z: has no storage"),
    };

    (void)state;
    assert_refused(refusals, sizeof refusals / sizeof refusals[0]);
}

static void views_must_lie_in_their_storage(void **state)
{
    static const int64_t two_two[] = {2, 2}, far[] = {1, 3}, one_one[] = {1, 1}, back[] = {-1, 1},
                         none[] = {0, 0};
    static const int64_t wide[] = {INT64_C(1) << 20, INT64_C(1) << 20}, endless[] = {INT64_MAX, INT64_MAX};
    static const int64_t five[] = {1, 1, 1, 1, 1}, overflowing[] = {2, INT64_MAX};

    (void)state;
    assert_ok(try_view(0, 2, two_two, one_one));
    assert_ok(try_view(1, 2, two_two, one_one));
    assert_fails_saying(try_view(2, 2, two_two, one_one), FA_EFORMAT, "a: reaches beyond its storage");
    assert_fails_saying(try_view(0, 2, two_two, far), FA_EFORMAT, "beyond its storage");
    assert_fails_saying(try_view(4, 0, NULL, NULL), FA_EFORMAT, "beyond its storage");
    assert_fails_saying(try_view(INT64_MAX, 2, two_two, one_one), FA_EFORMAT, "beyond its storage");
    assert_fails_saying(try_view(0, 2, two_two, overflowing), FA_EFORMAT, "beyond its storage");
    assert_fails_saying(try_view(-1, 2, two_two, one_one), FA_EFORMAT, "no offset");
    assert_fails_saying(try_view(0, 2, two_two, back), FA_EFORMAT, "size or stride that cannot be right");
    assert_fails_saying(try_view(0, 2, back, two_two), FA_EFORMAT, "size or stride that cannot be right");
    assert_fails_saying(try_view(0, 5, five, five), FA_EFORMAT, "more than 4 dimensions");
    assert_fails_saying(try_view(0, 2, wide, none), FA_EFORMAT, "far more numbers");
    assert_fails_saying(try_view(0, 2, endless, none), FA_EFORMAT, "far more numbers");
    assert_ok(try_view(99, 2, none, far));
}

/* Each tensor is small enough for a file of this size; all of them are not. */
static void many_expanded_tensors_are_refused(void **state)
{
    static const int64_t dims[] = {40, 40}, none[] = {0, 0};

    (void)state;
    begin();
    ADD("\x80\x02}(");
    for (int i = 0; i < 50; i++) {
        char name[8];

        snprintf(name, sizeof name, "%03d", i);
        ADD("X\3\0\0\0");
        add(name, 3);
        add_tensor(0, 2, dims, none);
    }
    ADD("u.");
    end();
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "far more numbers");
}

/* One name of 100 characters, one empty tensor, and both again and again for four bytes of the file. */
static void many_names_from_few_bytes_are_refused(void **state)
{
    static const int64_t none = 0, one = 1;
    char name[100];

    (void)state;
    memset(name, 'a', sizeof name);
    begin();
    ADD("\x80\x02}(X\x64\0\0\0");
    add(name, sizeof name);
    ADD("q\0");
    add_tensor(0, 1, &none, &one);
    ADD("q\1");
    for (int i = 0; i < 1000; i++)
        ADD("h\0h\1");
    ADD("u.");
    end();
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "far more numbers");
}

/* Keys are compared with each other: long ones that are the same text would take the square of the file. */
static void a_key_of_a_storage_is_short(void **state)
{
    char key[65];

    (void)state;
    memset(key, '1', sizeof key);
    begin_entry();
    ADD("(X\x07\0\0\0storagectorch\nFloatStorage\nX\x41\0\0\0");
    add(key, sizeof key);
    ADD("X\x03\0\0\0cpuK\4tQ");
    assert_fails_saying(finish(), FA_EFORMAT, "a storage has no type, key and number");
}

static void names_must_be_there_once(void **state)
{
    static const int64_t one = 1;

    (void)state;
    begin();
    ADD("\x80\x02}(X\1\0\0\0a");
    add_tensor(0, 1, &one, &one);
    ADD("X\1\0\0\0a");
    add_tensor(1, 1, &one, &one);
    ADD("u.");
    end();
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "a: is there twice");
}

static void storages_must_be_as_the_state_has_them(void **state)
{
    const uint32_t sizes[] = {3, 5, 1 << 30};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin_entry();
        ADD("ctorch._utils\n_rebuild_tensor_v2\n(");
        add_storage(sizes[i]);
        ADD("K\0K\1\x85K\1\x85tR");
        assert_fails_saying(finish(), FA_EFORMAT, "another number of elements");
    }
    begin_entry(); /* one key, two sizes */
    ADD("(");
    add_storage(4);
    add_storage(3);
    ADD("t");
    assert_fails_saying(finish(), FA_EFORMAT, "two tensors disagree about one storage");

    begin();
    ADD("\x80\x02}.");
    end();
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "one that no tensor has");

    begin_entry();
    add_tensor(0, 0, NULL, NULL);
    ADD("s.\x80\x02](U\1"
        "0U\1"
        "0e.");
    ADD("\4\0\0\0\0\0\0\0................\4\0\0\0\0\0\0\0................");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "or one twice");

    begin_entry();
    add_tensor(0, 0, NULL, NULL);
    ADD("s.\x80\x02].");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "list of storages lacks one");
}

static void other_pickles_are_told_apart(void **state)
{
    (void)state;
    made.n = 0;
    ADD("\x80\x02K\x01.                ");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "not one of torch.save");
    made.n = 0;
    ADD("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe8\x03.");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "version of torch.save");
    made.n = 0;
    ADD("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.");
    ADD("\x80\x02}X\x0d\0\0\0little_endian\x89s.");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "big-endian");
}

static void endless_programs_end(void **state)
{
    static char nothing[1 << 16];

    (void)state;
    memset(nothing, 'N', sizeof nothing);
    begin();
    for (int i = 0; i < 1 << 7; i++)
        add(nothing, sizeof nothing);
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "longer than any state dict");
}

/* A dictionary of 1000 pairs, made again and again from the same list. */
static void copying_counts_as_work(void **state)
{
    (void)state;
    begin();
    ADD("\x80\x02](");
    for (int i = 0; i < 1000; i++)
        ADD("NN\x86");
    ADD("eq\1");
    for (int i = 0; i < 10000; i++)
        ADD("ccollections\nOrderedDict\nh\1\x85R0");
    ADD(".");
    assert_fails_saying(try_bytes(made.bytes, made.n), FA_EFORMAT, "longer than any state dict");
}

/* Settings may hold anything, however deep, and themselves; they are not looked into. */
static void depth_and_cycles_do_no_harm(void **state)
{
    static const int64_t one = 1;

    (void)state;
    begin();
    ADD("\x80\x02}(X\5\0\0\0model}X\1\0\0\0a");
    add_tensor(0, 1, &one, &one);
    ADD("sX\4\0\0\0meta]q\1h\1aX\4\0\0\0deep");
    for (int i = 0; i < 100000; i++)
        ADD("]");
    for (int i = 0; i < 99999; i++)
        ADD("a");
    ADD("u.");
    end();
    assert_ok(try_bytes(made.bytes, made.n));
}

static void ordered_dicts_of_python_2_are_read(void **state)
{
    static const int64_t one = 1;

    (void)state;
    begin();
    ADD("\x80\x02"
        "ccollections\nOrderedDict\n](](U\1a");
    add_tensor(3, 1, &one, &one);
    ADD("ee\x85R.");
    end();
    assert_ok(try_bytes(made.bytes, made.n));
}

static void nothing_is_left_allocated(void **state)
{
    (void)state;
    free(made.bytes);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tensor_made_by_hand_is_read),
        cmocka_unit_test(functions_that_do_harm_are_refused_by_name),
        cmocka_unit_test(programs_that_make_no_sense_are_refused),
        cmocka_unit_test(states_that_are_none_are_refused),
        cmocka_unit_test(views_must_lie_in_their_storage),
        cmocka_unit_test(many_expanded_tensors_are_refused),
        cmocka_unit_test(many_names_from_few_bytes_are_refused),
        cmocka_unit_test(a_key_of_a_storage_is_short),
        cmocka_unit_test(names_must_be_there_once),
        cmocka_unit_test(storages_must_be_as_the_state_has_them),
        cmocka_unit_test(other_pickles_are_told_apart),
        cmocka_unit_test(endless_programs_end),
        cmocka_unit_test(copying_counts_as_work),
        cmocka_unit_test(depth_and_cycles_do_no_harm),
        cmocka_unit_test(ordered_dicts_of_python_2_are_read),
        cmocka_unit_test(nothing_is_left_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
