"""Names for a pretend school: given and family names from the cultures a school in England knows, combined at random.

Each list holds common names only; who is paired with whom is chance, so nobody here is a real person. Families read the
language of their culture with the share given beside it; that share is an assumption, for schools must ask each carer.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Culture:
    """Names of one culture. `weight` is its share of families; `reads` the share of carers who prefer `language` to English.

    A family name written `Kowalski/Kowalska` has a masculine and a feminine form.
    """

    key: str
    weight: float
    language: str
    reads: float
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _culture(
    key: str, weight: float, language: str, reads: float, girls: str, boys: str, women: str, men: str, families: str
) -> Culture:
    lists = (tuple(names.split(", ")) for names in (girls, boys, women, men, families))
    return Culture(key, weight, language, reads, *lists)


CULTURES: Final[tuple[Culture, ...]] = (
    _culture(
        "english", 56, "en", 0.0,
        "Olivia, Amelia, Isla, Ava, Ivy, Freya, Lily, Florence, Willow, Rosie, Sophia, Grace, Daisy, Phoebe, Zoë, Elsie, Evie",
        "Noah, George, Leo, Arthur, Theo, Oscar, Freddie, Archie, Harry, Jack, Alfie, Benjamin, Thomas, Finley, Kai, Reuben",
        "Sarah, Emma, Laura, Gemma, Rachel, Claire, Hannah, Kelly, Joanne, Lucy, Stacey, Charlotte, Natalie, Becky",
        "James, David, Mark, Daniel, Matthew, Lee, Andrew, Chris, Paul, Ryan, Adam, Craig, Stephen, Robert",
        "Smith, Taylor, Brown, Walker, Wright, Thompson, Hughes, Green, Hall, Wood, Clarke, Turner, Hill, Cooper, Ward, "
        "Baker, Harrison, Mitchell, O'Connor, Price-Bennett, Fletcher, Marsh, Holloway, Pearce, Barker, Dawson",
    ),
    _culture(
        "polish", 6, "pl", 0.6,
        "Zofia, Hanna, Maja, Lena, Oliwia, Katarzyna, Aleksandra, Nadia, Amelia, Gabriela",
        "Jakub, Antoni, Filip, Szymon, Łukasz, Kacper, Wojciech, Oskar, Mikołaj, Adam",
        "Magdalena, Agnieszka, Małgorzata, Ewa, Joanna, Beata, Monika, Dorota",
        "Piotr, Tomasz, Krzysztof, Marek, Paweł, Michał, Grzegorz, Rafał",
        "Kowalski/Kowalska, Wiśniewski/Wiśniewska, Nowak, Zieliński/Zielińska, Wójcik, Lewandowski/Lewandowska, Mazur, "
        "Kamiński/Kamińska, Pawlak, Górski/Górska, Sikora, Dąbrowski/Dąbrowska",
    ),
    _culture(
        "pakistani", 8, "ur", 0.4,
        "Aisha, Fatima, Zara, Maryam, Hafsa, Zainab, Inaaya, Amna, Hooriya, Eshaal",
        "Muhammad, Ibrahim, Yusuf, Hamza, Zayn, Rayyan, Musa, Haris, Bilal, Shahzaib",
        "Nazia, Shazia, Saima, Rukhsana, Farah, Samina, Bushra, Tahira",
        "Imran, Asif, Tariq, Nadeem, Kashif, Waqas, Shahid, Zahid",
        "Khan, Hussain, Akhtar, Malik, Iqbal, Mahmood, Qureshi, Chaudhry, Mirza, Butt, Raja, Siddiqui",
    ),
    _culture(
        "bengali", 3, "bn", 0.4,
        "Nusrat, Sumaiya, Anika, Tasnim, Maliha, Jannat, Raisa, Sadia",
        "Tahmid, Arif, Nabil, Rafi, Sakib, Tanvir, Zubayr, Ayaan",
        "Shirin, Rehana, Nasima, Salma, Jahanara, Rokeya",
        "Abdul, Mizanur, Shafiqul, Kamal, Rezaul, Jalal",
        "Begum, Rahman, Miah, Chowdhury, Uddin, Islam, Hoque, Ali",
    ),
    _culture(
        "romanian", 4, "ro", 0.6,
        "Andreea, Ioana, Maria, Ștefania, Daria, Alexia, Bianca, Ilinca",
        "Andrei, Matei, Ștefan, Luca, Darius, Vlad, Rareș, Tudor",
        "Mihaela, Elena, Cristina, Simona, Roxana, Loredana",
        "Ionuț, Florin, Cătălin, Bogdan, Marius, Adrian",
        "Popescu, Ionescu, Dumitru, Stan, Constantin, Munteanu, Țurcanu, Lupu, Rusu, Moldovan",
    ),
    _culture(
        "somali", 2, "so", 0.5,
        "Hodan, Ifrah, Sagal, Ayaan, Nimco, Hibo",
        "Abdirahman, Liban, Mahad, Guled, Zakaria, Ilyas",
        "Fadumo, Halimo, Sahra, Asha, Khadra",
        "Abdi, Mohamed, Hassan, Yusuf, Farah",
        "Warsame, Abdullahi, Jama, Osman, Nur, Hersi, Farah",
    ),
    _culture(
        "nigerian", 4, "en", 0.0,
        "Adaeze, Temitope, Chidera, Oluwadamilola, Ifeoma, Zainab, Simisola, Ngozi",
        "Oluwaseun, Chukwuemeka, Tobi, Ayomide, Kelechi, David, Emmanuel, Ikenna",
        "Funmilayo, Blessing, Chinyere, Folake, Grace, Amaka",
        "Babatunde, Emeka, Olumide, Segun, Chidi, Samuel",
        "Adeyemi, Okafor, Balogun, Eze, Ogunleye, Nwosu, Adebayo, Okonkwo, Olatunji",
    ),
    _culture(
        "turkish", 2, "tr", 0.5,
        "Elif, Zeynep, Defne, Azra, İrem, Nehir", "Yusuf, Emir, Kerem, Çınar, Deniz, Ömer",
        "Ayşe, Fatma, Gülay, Sevgi, Hatice", "Mehmet, Mustafa, Hüseyin, Murat, Kemal",
        "Yılmaz, Demir, Şahin, Kaya, Özdemir, Arslan, Doğan",
    ),
    _culture(
        "ukrainian", 2, "uk", 0.7,
        "Solomiia, Daryna, Anastasiia, Polina, Zlata", "Maksym, Artem, Danylo, Bohdan, Tymofii",
        "Olena, Iryna, Oksana, Nataliia, Tetiana", "Serhii, Andrii, Vasyl, Dmytro, Taras",
        "Shevchenko, Kovalenko, Bondarenko, Melnyk, Tkachuk, Lysenko, Moroz",
    ),
    _culture(
        "welsh", 3, "cy", 0.4,
        "Cadi, Efa, Mali, Seren, Siân, Nansi", "Macsen, Osian, Gruffydd, Elis, Tomos, Rhys",
        "Bethan, Nia, Catrin, Eleri, Lowri", "Gareth, Dafydd, Huw, Aled, Iwan",
        "Jones, Evans, Llewellyn, Pritchard, Morgan, Rees, Gwynne, Bowen",
    ),
    _culture(
        "portuguese", 3, "pt", 0.5,
        "Beatriz, Leonor, Matilde, Inês, Lara", "Gonçalo, Tiago, Rodrigo, Duarte, João",
        "Ana, Carla, Susana, Fátima, Patrícia", "Nuno, Rui, Jorge, Luís, Paulo",
        "Silva, Santos, Ferreira, Carvalho, Gonçalves, Simões, Pinto",
    ),
    _culture(
        "arabic", 3, "ar", 0.5,
        "Layla, Noor, Yasmin, Salma, Rana, Jana", "Omar, Karim, Ali, Sami, Adam, Khalid",
        "Huda, Rania, Amal, Samira, Mona", "Mahmoud, Khaled, Hassan, Walid, Nabil",
        "Haddad, Al-Masri, Mansour, Khalil, Nasser, Saleh, Darwish",
    ),
    _culture(
        "punjabi", 4, "pa", 0.25,
        "Simran, Jasleen, Harleen, Kiran, Avneet, Mehar", "Arjan, Gurpreet, Jasdeep, Harman, Fateh, Rohan",
        "Manjit, Parminder, Rajwinder, Sukhdeep, Harpreet", "Balwinder, Jaswinder, Kuldip, Amarjit, Sukhvir",
        "Singh/Kaur, Gill, Sandhu, Dhillon, Grewal, Bains, Sidhu",
    ),
)  # fmt: skip

BY_KEY: Final = {culture.key: culture for culture in CULTURES}

PREFERRED: Final[dict[str, str]] = {
    "Benjamin": "Ben",
    "Thomas": "Tom",
    "Katarzyna": "Kasia",
    "Aleksandra": "Ola",
    "Wojciech": "Wojtek",
    "Muhammad": "Mo",
    "Oluwadamilola": "Dami",
    "Oluwaseun": "Seun",
    "Chukwuemeka": "Emeka",
    "Abdirahman": "Abdi",
    "Gruffydd": "Gruff",
    "Anastasiia": "Nastia",
    "Zakaria": "Zak",
}
"""What some children are called at school."""

_CUMULATIVE: Final = tuple(sum(c.weight for c in CULTURES[: i + 1]) for i in range(len(CULTURES)))


def any_culture(chance: Random) -> Culture:
    """A culture, by its share of families."""
    return chance.choices(CULTURES, cum_weights=_CUMULATIVE)[0]


def family_name(name: str, *, feminine: bool) -> str:
    """The form of a family name that a man or a woman bears."""
    masculine, _, other = name.partition("/")
    return other if feminine and other else masculine


_PLAIN: Final = str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "İ": "I", "'": "", "’": "", " ": "", "-": ""})


def plain(name: str) -> str:
    """A name in small ASCII letters, as people write themselves in e-mail addresses."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return "".join(letter for letter in decomposed if letter.isascii() and letter.isalnum()).lower()
