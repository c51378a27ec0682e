#include "tree.h"

#include <assert.h>
#include <stdbool.h>

#include "fa/memory.h"

/* A left child is always whole, so it tells the length of its parent. */
static bool are_siblings(const struct fa_tree_node *left, const struct fa_tree_node *right, size_t n)
{
    const size_t length = 2 * (left->end - left->begin);

    return left->begin % length == 0 && right->end == fa_size_smaller(left->begin + length, n);
}

size_t fa_tree_push(struct fa_tree_stack *stack, struct fa_tree_node node)
{
    struct fa_tree_node *top = &stack->node[stack->depth];
    size_t n_merges = 0;

    assert(stack->depth < FA_TREE_MAX_DEPTH && stack->n <= FA_TREE_MAX_POSITIONS);
    assert(node.begin < node.end && node.end <= stack->n);
    assert(stack->depth == 0 || top[-1].end == node.begin);
    *top = node;
    for (; stack->depth > n_merges && are_siblings(top - 1, top, stack->n); n_merges++) {
        top--;
        top->end = node.end;
    }
    stack->depth += 1 - n_merges;
    return n_merges;
}

void fa_tree_push_leaves(struct fa_tree_stack *stack, size_t begin, size_t end)
{
    for (size_t p = begin; p < end; p++)
        fa_tree_push(stack, (struct fa_tree_node){p, p + 1});
}
