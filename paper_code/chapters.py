"""The chapters of the book, in its order."""

from paper_code.bark_loss.experiment import CHAPTER as BARK_LOSS
from paper_code.codec_loss.experiment import CHAPTER as CODEC_LOSS
from paper_code.jnd_loss.enhancement.experiment import CHAPTER as JND_DENOISER
from paper_code.jnd_loss.experiment import CHAPTER as JND_LOSS
from paper_code.lab.chapter import Chapter, UnknownName
from paper_code.lab.config import suggestion
from paper_code.masking_loss.experiment import CHAPTER as MASKING_LOSS
from paper_code.timbre_loss.experiment import CHAPTER as TIMBRE_LOSS

CHAPTERS: dict[str, Chapter] = {
    chapter.name: chapter for chapter in (BARK_LOSS, CODEC_LOSS, TIMBRE_LOSS, JND_LOSS, JND_DENOISER, MASKING_LOSS)
}


def chapter(name: str) -> Chapter:
    """The chapter of that name. Raises: UnknownName."""
    if name not in CHAPTERS:
        raise UnknownName(f"there is no chapter {name!r}. {suggestion(name, CHAPTERS)}")
    return CHAPTERS[name]
