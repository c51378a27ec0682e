/* However a batch is cut into slices, its nodes merge into the one tree that recursion gives. */
#include "support.h"

#include <string.h>

#include "tree.h"

enum { MOST = 70 };

/* Tells a tree by its shape and leaves: equal for equal trees, and hardly ever else. */
static uint64_t leaf(size_t position)
{
    return 0x9e3779b97f4a7c15u * (position + 1);
}

static uint64_t parent(uint64_t left, uint64_t right)
{
    uint64_t mixed = (left ^ 0xd1b54a32d192ed03u) * 0xff51afd7ed558ccdu + right;

    return (mixed ^ mixed >> 29) * 0xc4ceb9fe1a85ec53u;
}

/* The tree as it is defined, from the root down. */
static uint64_t tree_below(size_t n, size_t begin, size_t length)
{
    const size_t half = length / 2;

    if (length == 1)
        return leaf(begin);
    if (begin + half >= n)
        return tree_below(n, begin, half);
    return parent(tree_below(n, begin, half), tree_below(n, begin + half, half));
}

static uint64_t tree_of(size_t n)
{
    size_t length = 1;

    while (length < n)
        length *= 2;
    return tree_below(n, 0, length);
}

/* A stack whose nodes have what tells them apart. */
struct grove {
    struct fa_tree_stack stack;
    uint64_t name[FA_TREE_MAX_DEPTH];
};

static void push(struct grove *grove, struct fa_tree_node node, uint64_t name)
{
    size_t at = grove->stack.depth;
    size_t n_merges = fa_tree_push(&grove->stack, node);

    for (; n_merges > 0; n_merges--)
        name = parent(grove->name[--at], name);
    grove->name[at] = name;
}

static void push_slice(struct grove *all, size_t begin, size_t end)
{
    struct grove slice = {.stack = {.n = all->stack.n}};

    for (size_t p = begin; p < end; p++)
        push(&slice, (struct fa_tree_node){p, p + 1}, leaf(p));
    for (size_t i = 0; i < slice.stack.depth; i++)
        push(all, slice.stack.node[i], slice.name[i]);
}

static void assert_is_root(const struct grove *grove)
{
    assert_int_equal(grove->stack.depth, 1);
    assert_int_equal(grove->stack.node[0].begin, 0);
    assert_int_equal(grove->stack.node[0].end, grove->stack.n);
    assert_true(grove->name[0] == tree_of(grove->stack.n));
}

static void six_leaves_merge_as_in_the_picture(void **state)
{
    static const size_t n_merges[6] = {0, 1, 0, 2, 0, 2};
    struct fa_tree_stack stack = {.n = 6};

    (void)state;
    for (size_t p = 0; p < 6; p++)
        assert_int_equal(fa_tree_push(&stack, (struct fa_tree_node){p, p + 1}), n_merges[p]);
    assert_int_equal(stack.depth, 1);
}

static void equal_slices_of_any_number_give_the_tree(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MOST; n++)
        for (size_t slices = 1; slices <= n; slices++) {
            struct grove all = {.stack = {.n = n}};

            if (n % slices != 0)
                continue;
            for (size_t s = 0; s < slices; s++)
                push_slice(&all, s * (n / slices), (s + 1) * (n / slices));
            assert_is_root(&all);
        }
}

static void slices_cut_anywhere_give_the_tree(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 24; n++)
        for (size_t first = 0; first <= n; first++)
            for (size_t second = first; second <= n; second++) {
                struct grove all = {.stack = {.n = n}};

                push_slice(&all, 0, first);
                push_slice(&all, first, second);
                push_slice(&all, second, n);
                assert_is_root(&all);
            }
}

static void an_aligned_power_of_two_is_one_node(void **state)
{
    struct fa_tree_stack stack = {.n = 1 << 20};

    (void)state;
    fa_tree_push_leaves(&stack, 5 * 64, 6 * 64);
    assert_int_equal(stack.depth, 1);
    assert_int_equal(stack.node[0].end - stack.node[0].begin, 64);
}

static void the_deepest_slice_fits_the_stack(void **state)
{
    struct fa_tree_stack stack = {.n = FA_TREE_MAX_POSITIONS};
    size_t begin = 1;

    (void)state;
    for (size_t length = 1; length < FA_TREE_MAX_POSITIONS / 2; length *= 2, begin += length / 2)
        fa_tree_push(&stack, (struct fa_tree_node){begin, begin + length});
    for (size_t length = FA_TREE_MAX_POSITIONS / 4; length > 0; begin += length, length /= 2)
        fa_tree_push(&stack, (struct fa_tree_node){begin, begin + length});
    assert_int_equal(begin, FA_TREE_MAX_POSITIONS - 1);
    assert_in_range(stack.depth, 57, FA_TREE_MAX_DEPTH - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_leaves_merge_as_in_the_picture),
        cmocka_unit_test(equal_slices_of_any_number_give_the_tree),
        cmocka_unit_test(slices_cut_anywhere_give_the_tree),
        cmocka_unit_test(an_aligned_power_of_two_is_one_node),
        cmocka_unit_test(the_deepest_slice_fits_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
