"""For Spack 1.0 or later; in the clone, whose branch main it builds:

spack repo add launch/packaging/spack/spack_repo/freeanchor && spack install freeanchor
"""

from pathlib import Path

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Freeanchor(CMakePackage):
    """Distributed training of the FreeAnchor object detector on CPU clusters and GPUs."""

    git = str(Path(__file__).resolve().parents[7])
    license("Apache-2.0")
    version("main", branch="main")

    variant("onednn", default=True, description="The backend of oneDNN, which also trains in bf16")

    depends_on("c", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("cjson")
    depends_on("expat")
    depends_on("hdf5@1.10:")
    depends_on("jpeg")
    depends_on("libpng")
    depends_on("libtiff")
    depends_on("libwebp")
    depends_on("mpi")
    depends_on("onednn@2:3", when="+onednn")
    depends_on("openblas")
    depends_on("zlib-api")

    def cmake_args(self):
        return [self.define("FA_TESTS", False), self.define_from_variant("FA_ONEDNN", "onednn")]
