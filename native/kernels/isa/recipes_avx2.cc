// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_avx2.h"
#include "kernels/elementwise_recipes_impl.h"
// clang-format on

namespace gradsmith::kernels {

template const RecipeKernels& recipe_kernels<simd::Avx2>();

}  // namespace gradsmith::kernels
