"""Portuguese."""

from __future__ import annotations

from pipeline.prose.phrases import Phrases

PORTUGUESE = Phrases(
    title="Leitura de {name}",
    settings="Configuração: {caption}. Os pesos estão arredondados a duas casas decimais.",
    keys="As consultas olham para outra frase, cujas chaves são: {tokens}.",
    layer="Camada {layer}",
    head="Cabeça {head}",
    own_weight="dá a si {weight}",
    above_uniform="mais que a parte uniforme de {share} vai para {tokens}",
    no_other_above="nenhum outro token recebe mais que a parte uniforme de {share}",
    none_above="nenhum token recebe mais que a parte uniforme de {share}",
    rest_even="o resto é uniforme, {weight} cada ({tokens})",
    rest_between="o resto fica entre {low} e {high} ({tokens})",
    largest="os maiores pesos vão para {tokens}",
    fully_masked="todas as chaves estão mascaradas: não atende a nada",
    only_itself="não tem outra chave além de si: seu peso é 1",
    only_key="tem uma só chave: o peso de {token} é 1",
    top_k_retained="De cada linha só os {count} maiores pesos foram guardados "
    "(attention.retain=top_k); nada se diz dos outros.",
    none_retained="Os pesos não foram guardados (attention.retain=none), e nenhuma linha é "
    "descrita; metrics.csv tem os números de cada consulta e keys.csv os de cada chave.",
    more="e mais {count}",
    notice="Aviso",
    decimal=",",
)
