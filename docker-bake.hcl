# Both images, for x86 and ARM: `docker buildx bake`, with `--push` to a registry of yours.
variable "IMAGE" {
  default = "docent"
}

variable "VERSION" {
  default = "0.2.0"
}

# The commit: REVISION=$(git rev-parse HEAD) docker buildx bake
variable "REVISION" {
  default = "unknown"
}

variable "TORCH_INDEX" {
  default = "https://download.pytorch.org/whl/cpu"
}

group "default" {
  targets = ["full", "slim"]
}

target "common" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    VERSION  = VERSION
    REVISION = REVISION
  }
}

target "full" {
  inherits = ["common"]
  target   = "full"
  tags     = ["${IMAGE}:${VERSION}", "${IMAGE}:latest"]
  args = {
    TORCH_INDEX = TORCH_INDEX
  }
}

target "slim" {
  inherits = ["common"]
  target   = "slim"
  tags     = ["${IMAGE}:${VERSION}-slim", "${IMAGE}:slim"]
}
